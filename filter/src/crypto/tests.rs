//! The proxy's crypto against Rust: on the published vectors, and where the proxy fails or lies.

use std::time::Duration;

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use prost::Message;
use stepgate_config::name::Kid;
use stepgate_decision::keys::KeyActor;

use super::message::{SignArguments, SignResult, VerifySignatureArguments, VerifySignatureResult};
use super::*;
use crate::tests::fake::Fake;

const KEY: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","x":"fGbwON4P1S0v1d8zbxzQU4uEEH35MafDqUzwgudxmgk","y":"vZJd29x_txOgiMjKtPjp1tBvSv5jtRh4121Cvo5tHAw","d":"hUZb4F0L3XLSQfxnHFH8Y7IrZkN8ypNNtRRpuMNw1OU"}"#;

/// As Envoy does it (`foreign.cc`, `utility_impl.cc`), over another library.
fn envoy(function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
    match function {
        "verify_signature" => {
            let arguments = VerifySignatureArguments::decode(arguments).map_err(|_| HostError::FunctionFailed)?;
            assert_eq!(arguments.hash_function, "sha256");
            let key =
                VerifyingKey::from_public_key_der(&arguments.public_key).map_err(|_| HostError::FunctionFailed)?;
            let good = Signature::from_der(&arguments.signature).is_ok_and(|s| key.verify(&arguments.text, &s).is_ok());
            let error = if good { String::new() } else { "Failed to verify digest. Error code: 0".to_owned() };
            Ok(VerifySignatureResult { result: good, error }.encode_to_vec())
        }
        "sign" => {
            let arguments = SignArguments::decode(arguments).map_err(|_| HostError::FunctionFailed)?;
            let key = SigningKey::from_pkcs8_der(&arguments.private_key).map_err(|_| HostError::FunctionFailed)?;
            let signature: Signature = key.sign(&arguments.text);
            let signature = signature.to_der().as_bytes().to_vec();
            Ok(SignResult { result: true, signature, error: String::new() }.encode_to_vec())
        }
        _ => Err(HostError::NoFunction),
    }
}

fn proxy(foreign: impl Fn(&str, &[u8]) -> Result<Vec<u8>, HostError> + 'static) -> Fake {
    let fake = Fake::default();
    fake.foreign.replace(Some(Box::new(foreign)));
    fake
}

fn key() -> Key {
    Key::new(Kid::try_from("now").unwrap(), KeyActor::Any, KEY).unwrap()
}

fn claims() -> Claims {
    let claims = r#"{
        "iss": "spiffe://film.example/owner", "sub": "spiffe://film.example/vfx", "txn": "i-1", "jti": "j-1",
        "iat": 1800000000, "exp": 1800000300, "dl": 1800000900, "parents": ["j-0"],
        "wf": {
            "v": 1, "name": "film", "rev": 1, "digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "task": "shots"
        },
        "visits": {"shots": 1}, "performers": {"shots": ["spiffe://film.example/vfx"]},
        "fork": {"master": "i-1.fork"}, "rep": "0"
    }"#;
    serde_json::from_str(claims).unwrap()
}

/// Whether the token is verified, at a time when it lives.
fn verifies(crypto: &dyn Crypto, key: &Key, token: &str) -> bool {
    let token = UnverifiedToken::parse(token).unwrap();
    let clock = Clock { now: token.claims().iat, leeway: Duration::ZERO };
    crypto.verify(key, &token, clock).is_ok()
}

/// The texts of the log.
fn log(fake: &Fake) -> Vec<String> {
    fake.log().into_iter().map(|(_, line)| line).collect()
}

#[test]
fn a_proxy_with_both_functions_does_both() {
    let fake = proxy(envoy);
    let (found, messages) = HostCrypto::self_tested(&fake);
    assert_eq!((found.engines(), messages.len()), (["proxy", "proxy"], 0));
    let crypto = GateCrypto { host: &fake, host_crypto: &found };
    let (key, claims) = (key(), claims());
    let token = crypto.sign(&key, TokenType::Receipt, &claims).unwrap();
    let jws = UnverifiedToken::parse(&token).unwrap();
    assert!(verifies(&crypto, &key, &token) && verifies(&RustCrypto, &key, &token));
    assert!(log(&fake).is_empty());
    // Both sign the same claims.
    let rust = RustCrypto.sign(&key, TokenType::Receipt, &claims).unwrap();
    let rust = UnverifiedToken::parse(&rust).unwrap();
    assert!(verifies(&crypto, &key, rust.text()));
    assert_eq!((jws.claims(), jws.token_type(), jws.kid(), jws.alg()), (&claims, TokenType::Receipt, "now", "ES256"));
    assert_eq!(
        (rust.claims(), rust.token_type(), rust.kid(), rust.alg()),
        (&claims, TokenType::Receipt, "now", "ES256")
    );
}

#[test]
fn a_function_that_the_proxy_lacks_is_not_called() {
    let verify_only = |function: &str, arguments: &[u8]| {
        if function == "sign" { Err(HostError::NoFunction) } else { envoy(function, arguments) }
    };
    for (fake, engines) in [(proxy(verify_only), ["proxy", "rust"]), (Fake::default(), ["rust", "rust"])] {
        let (found, messages) = HostCrypto::self_tested(&fake);
        assert_eq!(found.engines(), engines);
        assert!(messages.iter().all(|(level, _)| *level == Level::Info) && !messages.is_empty());
        fake.foreign.replace(Some(Box::new(|function, _| {
            assert_ne!(function, "sign");
            Err(HostError::FunctionFailed)
        })));
        let crypto = GateCrypto { host: &fake, host_crypto: &found };
        let (key, claims) = (key(), claims());
        let token = crypto.sign(&key, TokenType::Arrival, &claims).unwrap();
        assert!(verifies(&crypto, &key, &token));
    }
}

/// Every ECDSA signature of Wycheproof over P-256 and SHA-256 in the form of JWS: by way of DER and the
/// proxy's function as by Rust, and with the result of Wycheproof.
#[test]
fn the_vectors_have_one_answer() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (fake, mut run, mut good) = (proxy(envoy), 0, 0);
    for group in &set.test_groups {
        let point = VerifyingKey::from_sec1_bytes(&group.key.key).unwrap();
        let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(&point).unwrap();
        for test in &group.tests {
            let expected = match test.result {
                wycheproof::TestResult::Valid => true,
                wycheproof::TestResult::Invalid => false,
                wycheproof::TestResult::Acceptable => panic!("{}: neither", test.tc_id),
            };
            let native = ecdsa::to_der(&test.sig)
                .is_some_and(|der| message::verify(&fake, spki.as_bytes(), &der, &test.msg).unwrap());
            assert_eq!(native, expected, "{}: {}", test.tc_id, test.comment);
            run += 1;
            good += usize::from(expected);
        }
    }
    assert!(run > 250 && good > 100 && good < run, "{good} of {run}");
}

fn verdict(result: bool, error: &str) -> Vec<u8> {
    VerifySignatureResult { result, error: error.to_owned() }.encode_to_vec()
}

fn signed(result: bool, signature: &[u8], error: &str) -> Vec<u8> {
    SignResult { result, signature: signature.to_vec(), error: error.to_owned() }.encode_to_vec()
}

type Lie = fn() -> Result<Vec<u8>, HostError>;

/// Answers that say neither that a signature is good nor that it is bad.
const NO_VERDICTS: [Lie; 8] = [
    || Err(HostError::FunctionFailed),
    || Ok(Vec::new()),
    || Ok(verdict(true, "but the key was odd")),
    || Ok(b"OK".to_vec()),
    || Ok(vec![0x08]),
    || Ok(vec![0xff; 64]),
    || Ok([verdict(true, ""), vec![0x1a, 0xff, 0xff, 0x03]].concat()),
    || Ok([verdict(true, ""), [0x1a, 0x80, 0x08].to_vec(), vec![0; 1024]].concat()),
];

#[test]
fn rust_verifies_if_the_proxys_answer_is_not_clear() {
    let (key, claims) = (key(), claims());
    let token = RustCrypto.sign(&key, TokenType::Arrival, &claims).unwrap();
    let public = KEY.split(",\"d\"").next().unwrap().to_owned() + "}";
    let public = Key::new(Kid::try_from("now").unwrap(), KeyActor::Any, &public).unwrap();
    let forged = RustCrypto.sign(&forger(), TokenType::Arrival, &claims).unwrap();
    for (at, lie) in NO_VERDICTS.iter().enumerate() {
        let lie = *lie;
        // If the self-test finds it, the proxy's crypto is not used at all.
        let (found, messages) = HostCrypto::self_tested(&proxy(move |_, _| lie()));
        assert_eq!(found.engines(), ["rust", "rust"], "{at}");
        assert!(messages.iter().all(|(level, _)| *level == Level::Warn), "{at}: {messages:?}");
        // If it begins later, Rust verifies each signature, and the failure is logged once.
        let fake = proxy(move |_, _| lie());
        let found = HostCrypto { verifies: true, signs: true, failure_logged: Cell::new(false) };
        let crypto = GateCrypto { host: &fake, host_crypto: &found };
        for key in [&key, &public] {
            assert!(verifies(&crypto, key, &token), "{at}");
            assert!(!verifies(&crypto, key, &forged), "{at}");
        }
        assert_eq!(log(&fake).len(), 1, "{at}");
    }
}

/// A key that no gate has.
fn forger() -> Key {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"HpaUPoEsgWwTpAR3OcSLCikbcgbRagBsQ9LxX0qWG9k","y":"kb4eOLHzDLvyGWI7sQkk5aW5fO4jay5fUWD3NGXI0RQ","d":"giWhvgRDc4RnaAR1xmrBVsvyWcnQISK1hkCkD3tkSbA"}"#;
    Key::new(Kid::try_from("now").unwrap(), KeyActor::Any, jwk).unwrap()
}

/// Functions that give the same answer to every signature.
#[test]
fn a_proxy_that_always_says_the_same_does_not_pass() {
    for always in [verdict(true, ""), verdict(false, "no")] {
        let (found, messages) = HostCrypto::self_tested(&proxy(move |_, _| Ok(always.clone())));
        assert_eq!(found.engines(), ["rust", "rust"]);
        assert!(messages.iter().any(|(_, message)| message.contains("wrongly")), "{messages:?}");
    }
}

/// A parser that accepts `r || s` for DER, or reads DER loosely, could accept a signature that Rust rejects.
#[test]
fn a_proxy_that_reads_signatures_loosely_does_not_pass() {
    let loose = |function: &str, arguments: &[u8]| {
        let mut read = VerifySignatureArguments::decode(arguments).map_err(|_| HostError::FunctionFailed)?;
        if let Some(der) = ecdsa::to_der(&read.signature) {
            read.signature = der;
        }
        envoy(function, &read.encode_to_vec())
    };
    assert_eq!(HostCrypto::self_tested(&proxy(loose)).0.engines()[0], "rust");
}

#[test]
fn a_malformed_signature_never_reaches_the_proxy() {
    let fake = proxy(|_, _| panic!("asked"));
    let found = HostCrypto { verifies: true, signs: true, failure_logged: Cell::new(false) };
    let crypto = GateCrypto { host: &fake, host_crypto: &found };
    let text = unsigned(&key(), TokenType::Arrival, &claims()).unwrap();
    let order = [&[0xff; 4][..], &[0; 4], &[0xff; 8]].concat();
    let order: Vec<u8> = [&order[..], &p256_order_tail()].concat();
    let good = [1; 32];
    for raw in [
        Vec::new(),
        vec![0; 64],
        vec![1; 63],
        vec![1; 65],
        vec![1; 96],
        [&[0; 32][..], &good].concat(),
        [&good[..], &[0; 32]].concat(),
        [&order[..], &good].concat(),
        [&good[..], &order].concat(),
        vec![0xff; 64],
        ecdsa::to_der(&[1; 64]).unwrap(),
    ] {
        let token = stepgate_decision::token::signed(&text, &raw);
        assert!(!verifies(&crypto, &key(), &token), "{raw:?}");
        assert!(!verifies(&RustCrypto, &key(), &token), "{raw:?}");
    }
}

/// The lower half of the order of P-256's group (SEC 2, section 2.4.2).
fn p256_order_tail() -> [u8; 16] {
    [0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51]
}

#[test]
fn a_proxy_that_signs_badly_does_not_sign() {
    let (key, claims) = (key(), claims());
    let foreign = || {
        let signature: Signature = SigningKey::from_slice(&[7; 32]).unwrap().sign(b"sample");
        signature.to_der().as_bytes().to_vec()
    };
    let padded = || [&[0x30, 0x08, 0x02, 0x02, 0x00, 0x01, 0x02, 0x02, 0x00, 0x01][..]].concat();
    let answers = [
        signed(false, &[], "no"),
        signed(true, &[], ""),
        signed(true, &foreign(), "an error"),
        signed(true, &[0; 64], ""),
        signed(true, &padded(), ""),
        signed(true, &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00], ""),
        signed(true, &[foreign(), vec![0]].concat(), ""),
        signed(true, &[0x30; 4096], ""),
        Vec::new(),
    ];
    for (at, answer) in answers.into_iter().chain([signed(true, &foreign(), "")]).enumerate() {
        let sign = move |function: &str, arguments: &[u8]| {
            if function == "sign" { Ok(answer.clone()) } else { envoy(function, arguments) }
        };
        let fake = proxy(sign);
        assert_eq!(HostCrypto::self_tested(&fake).0.engines(), ["proxy", "rust"], "{at}");
        if at == 9 {
            // Well formed: only the self-test can tell.
            continue;
        }
        let found = HostCrypto { verifies: true, signs: true, failure_logged: Cell::new(false) };
        let token = GateCrypto { host: &fake, host_crypto: &found }.sign(&key, TokenType::Arrival, &claims).unwrap();
        assert!(verifies(&RustCrypto, &key, &token), "{at}");
        assert_eq!(log(&fake).len(), 1, "{at}");
    }
}

#[test]
fn no_key_is_in_the_log() {
    let fake = proxy(|_, _| Err(HostError::FunctionFailed));
    let found = HostCrypto { verifies: true, signs: true, failure_logged: Cell::new(false) };
    let crypto = GateCrypto { host: &fake, host_crypto: &found };
    let key = key();
    let token = crypto.sign(&key, TokenType::Arrival, &claims()).unwrap();
    assert!(verifies(&crypto, &key, &token));
    let log = log(&fake).concat();
    assert!(log.contains("the proxy's crypto failed") && !log.contains("hUZb4F0L") && !log.contains(&token), "{log}");
}

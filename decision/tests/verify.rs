//! The times of a token, by whoever verifies its signature and by the decision, and the tokens that jwt-simple alone would
//! let through.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_simple::prelude::{EdDSAKeyPairLike, HS256Key, MACLike, NoCustomClaims, VerificationOptions};
use stepgate_config::GateConfig;
use stepgate_decision::keys::{Crypto, Key, KeyActor, KeyRing, Material, RustCrypto, VerifyError};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken, unsigned, verify};
use stepgate_decision::{Clock, Denial, UnixTime};

const SECRET: &str = "sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw";
const HMAC: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
/// The example keys of RFC 7515, appendix A.3, and RFC 8037, appendix A.1.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const LEEWAY: Duration = Duration::from_secs(30);
const ISSUED: u64 = 1_800_000_000;

fn config() -> GateConfig {
    let text = r#"
keys: [{workflow: film, kid: k, use: sign, env: KEY}]
workflows:
  - workflow: film
    revision: 1
    trust_domain: film.example
    actors: {first: {spiffe: [a]}, second: {spiffe: [b]}}
    tasks: {begin: {actor: first, initial: true}, end: {actor: second}}
    transitions: [{from: begin, to: end}]
"#;
    stepgate_config::read_gate(text.as_bytes()).checked.unwrap()
}

fn ring(jwk: &str) -> KeyRing {
    let config = config();
    KeyRing::read(&config.keys, &config.revoked, &|_| Some(jwk.to_owned())).unwrap().0
}

fn key<'r>(ring: &'r KeyRing, config: &GateConfig) -> &'r Key {
    ring.find(&config.workflows[0].name, "k").unwrap()
}

fn claims() -> Claims {
    let config = config();
    let workflow = &config.workflows[0];
    let task = workflow.tasks.get("begin").unwrap();
    let holder = task.performer.spiffe.first().unwrap();
    let issued = UnixTime::from_seconds(ISSUED);
    let step = Step { workflow, task, holder, instance: "i-1", token_type: TokenType::Arrival, issued };
    synthetic_claims(&step).remove(0)
}

fn at(seconds: u64) -> Clock {
    Clock { now: UnixTime::from_seconds(seconds), leeway: LEEWAY }
}

/// The answer about the signature, and the decision's.
fn answers(jwk: &str, token: &str, clock: Clock) -> (Result<(), VerifyError>, Result<(), Denial>) {
    let (config, ring) = (config(), ring(jwk));
    let parsed = UnverifiedToken::parse(token).unwrap();
    let signature = RustCrypto.verify(key(&ring, &config), &parsed, clock);
    (signature, verify(parsed, &ring, &RustCrypto, clock.now, clock.leeway).map(drop))
}

#[test]
fn a_token_is_refused_from_its_end_and_the_leeway_on() {
    let claims = claims();
    let end = claims.exp.plus(LEEWAY).seconds();
    let expired = || Err(Denial::Expired { task: claims.wf.task.clone(), from: None });
    for jwk in [HMAC, EC, ED] {
        let (config, ring) = (config(), ring(jwk));
        let token = RustCrypto.sign(key(&ring, &config), TokenType::Arrival, &claims).unwrap();
        assert_eq!(answers(jwk, &token, at(end - 1)), (Ok(()), Ok(())));
        // The library is a second later, and with HS256 only the decision looks at the times.
        let by_library = |error| if jwk == HMAC { Ok(()) } else { Err(error) };
        assert_eq!(answers(jwk, &token, at(end)), (Ok(()), expired()));
        assert_eq!(answers(jwk, &token, at(end + 1)), (by_library(VerifyError::Expired), expired()));
        // Issued ahead of this gate's clock by no more than the leeway.
        assert_eq!(answers(jwk, &token, at(ISSUED - 30)), (Ok(()), Ok(())));
        assert_eq!(answers(jwk, &token, at(ISSUED - 31)), (by_library(VerifyError::NotYet), Err(Denial::NotYet)));
        // An invalid signature is reported first, whatever the times.
        let (head, signature) = token.rsplit_once('.').unwrap();
        let forged = format!("{head}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
        for now in [ISSUED, end + 1, ISSUED - 31] {
            let denied = (Err(VerifyError::BadSignature), Err(Denial::BadSignature));
            assert_eq!(answers(jwk, &forged, at(now)), denied);
        }
    }
}

#[test]
fn after_the_last_second_of_the_library_nothing_is_accepted() {
    let late = UnixTime::from_seconds(u64::from(u32::MAX) + 100);
    let claims = Claims { iat: late, exp: late.plus(LEEWAY), dl: late.plus(LEEWAY), ..claims() };
    let (config, ring) = (config(), ring(ED));
    let token = RustCrypto.sign(key(&ring, &config), TokenType::Arrival, &claims).unwrap();
    assert_eq!(answers(ED, &token, at(late.seconds())).1, Err(Denial::NotYet));
    assert!(answers(ED, &token, Clock { now: UnixTime::MAX, leeway: Duration::MAX }).1.is_err());
}

/// The library accepts these with the options that a gate sets; the strict reader rejects them first.
#[test]
fn the_strict_reader_accepts_less_than_the_library() {
    let hmac = HS256Key::from_bytes(&Base64UrlUnpadded::decode_vec(SECRET).unwrap()).with_key_id("k");
    let library = |token: &str| {
        let options = VerificationOptions {
            required_key_id: Some("k".into()),
            required_signature_type: Some("wfa+jwt".into()),
            artificial_time: Some(jwt_simple::prelude::UnixTimeStamp::from_secs(ISSUED)),
            ..VerificationOptions::default()
        };
        hmac.verify_token::<NoCustomClaims>(token, Some(options)).is_ok()
    };
    let encode = |part: &[u8]| Base64UrlUnpadded::encode_string(part);
    let signed = |header: &str, claims: &str| {
        let text = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        format!("{text}.{}", encode(&hmac.authentication_tag(text.as_bytes())))
    };
    let header = r#"{"alg":"HS256","kid":"k","typ":"wfa+jwt"}"#;
    let claims = serde_json::to_string(&claims()).unwrap();
    let good = signed(header, &claims);
    assert!(library(&good) && UnverifiedToken::parse(&good).is_ok());
    for (header, claims) in [
        // Members that no gate writes.
        (r#"{"alg":"HS256","kid":"k","typ":"wfa+jwt","jku":"https://evil.example"}"#.to_owned(), claims.clone()),
        (r#"{"alg":"HS256","kid":"k","typ":"wfa+jwt","crit":[]}"#.to_owned(), claims.clone()),
        (header.to_owned(), claims.replacen('{', r#"{"admin":true,"#, 1)),
        // A type in another case.
        (r#"{"alg":"HS256","kid":"k","typ":"WFA+JWT"}"#.to_owned(), claims.clone()),
        // A repeated member that the library does not detect.
        (header.to_owned(), claims.replacen('{', r#"{"txn":"another","#, 1)),
        // No step at all, and no end.
        (header.to_owned(), r#"{"sub":"spiffe://film.example/a"}"#.to_owned()),
        // Not SPIFFE IDs and names.
        (header.to_owned(), claims.replace("spiffe://film.example/a", "spiffe://film.example/a/../b")),
        (header.to_owned(), claims.replace(r#""name":"film""#, r#""name":"Film""#)),
    ] {
        let token = signed(&header, &claims);
        assert!(library(&token), "{header} {claims}");
        assert!(UnverifiedToken::parse(&token).is_err(), "{header} {claims}");
    }
}

/// The signing input does not depend on the signer.
#[test]
fn there_is_one_encoder() {
    for jwk in [EC, ED] {
        let key = Key::new("k".try_into().unwrap(), KeyActor::Any, jwk).unwrap();
        for token_type in [TokenType::Arrival, TokenType::Receipt] {
            let by_library = RustCrypto.sign(&key, token_type, &claims()).unwrap();
            let (text, _) = by_library.rsplit_once('.').unwrap();
            assert_eq!(unsigned(&key, token_type, &claims()).unwrap(), text);
        }
    }
}

/// RFC 9864 has another name for the algorithm. A JWK may have either; tokens have one.
#[test]
fn tokens_say_eddsa_whatever_the_jwk_says() {
    let renamed = ED.replacen('{', r#"{"alg":"Ed25519","#, 1);
    let (config, ring) = (config(), ring(&renamed));
    let token = RustCrypto.sign(key(&ring, &config), TokenType::Arrival, &claims()).unwrap();
    assert_eq!(UnverifiedToken::parse(&token).unwrap().alg(), "EdDSA");
    assert_eq!(answers(&renamed, &token, at(ISSUED)), (Ok(()), Ok(())));
    let Material::EdPair(pair) = key(&ring, &config).material() else { panic!("not EdDSA") };
    let header = Base64UrlUnpadded::encode_string(br#"{"alg":"Ed25519","kid":"k","typ":"wfa+jwt"}"#);
    let text = format!("{header}.{}", token.split('.').nth(1).unwrap());
    let signature = pair.key_pair().as_ref().sk.sign(text.as_bytes(), None);
    let other_name = format!("{text}.{}", Base64UrlUnpadded::encode_string(signature.as_ref()));
    // The library takes both names, the decision the one that gates write.
    assert_eq!(answers(&renamed, &other_name, at(ISSUED)), (Ok(()), Err(Denial::BadSignature)));
}

//! ES256 by the proxy's crypto and by Rust, in a real Envoy: the same verdict for every signature.
//!
//! Wycheproof's signatures are over its own texts. Here each is put on a token of ours: once with a key of
//! the gate, for which it is wrong, and, if its numbers allow it, once with the public key that is computed
//! from the token and the signature, for which it is right. So both implementations judge every odd `r` and
//! `s` of the set in both cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use p256::pkcs8::DecodePrivateKey;
use stepgate_config::name::Kid;
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto, ecdsa};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{TokenType, UnverifiedToken, unsigned};
use stepgate_decision::{Clock, UnixTime};
use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Workload, find_envoy};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::environment::Environment;
use stepgate_tests::proxies::proxies;

const VARIABLE: &str = "KEY_NEWS_WRITER";
const CALLER: &str = "spiffe://news.example/ns/news/sa/second";
const CALLED: &str = "spiffe://news.example/ns/news/sa/third";
const WORKFLOW: &str = r#"
workflows:
  - workflow: news
    revision: 1
    trust_domain: news.example
    actors:
      first: {spiffe: [ns/news/sa/first]}
      second: {spiffe: [ns/news/sa/second]}
      third: {spiffe: [ns/news/sa/third]}
    tasks:
      begin: {actor: first, initial: true}
      middle: {actor: second, requests: [{path: /middle}]}
      end: {actor: third, requests: [{path: /end}]}
    transitions:
      - {from: begin, to: middle}
      - {from: middle, to: end}
"#;

/// A gate's configuration: whose crypto, and further keys.
fn gate(crypto: &str, keys: &[String]) -> String {
    let keys: String = keys.iter().map(|key| format!("  - {key}\n")).collect();
    format!("crypto: {crypto}\nkeys:\n  - {{workflow: news, kid: now, use: sign, env: {VARIABLE}}}\n{keys}{WORKFLOW}")
}

/// Makes tokens at `middle`, each of its own instance.
struct Mint {
    workflow: std::sync::Arc<Workflow>,
    jwk: String,
    minted: u32,
}

impl Mint {
    fn new(environment: &Environment) -> Self {
        let read = stepgate_config::read_gate(gate("auto", &[]).as_bytes()).into_result();
        let (config, _) = read.unwrap_or_else(|errors| panic!("{errors:?}"));
        Self { workflow: config.workflows[0].clone(), jwk: environment.get(VARIABLE).unwrap(), minted: 0 }
    }

    fn key(&self, kid: &str) -> Key {
        Key::new(Kid::try_from(kid).unwrap(), KeyActor::Any, &self.jwk).unwrap()
    }

    /// A token without its signature, that names this key.
    fn text(&mut self, kid: &str) -> String {
        self.minted += 1;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let claims = synthetic_claims(&Step {
            workflow: &self.workflow,
            task: self.workflow.tasks.get("middle").unwrap(),
            holder: self.workflow.actors.get("second").unwrap().spiffe.first().unwrap(),
            instance: &format!("i-{}", self.minted),
            token_type: TokenType::Arrival,
            issued: UnixTime::from_seconds(since.as_secs()),
        });
        unsigned(&self.key(kid), TokenType::Arrival, &claims[0]).unwrap()
    }
}

/// A token and whether its signature is valid.
struct Trial {
    what: String,
    token: String,
    good: bool,
}

impl Trial {
    fn new(what: String, text: &str, signature: &[u8], good: bool) -> Self {
        let signature = Base64UrlSafeNoPadding::encode_to_string(signature).unwrap();
        Self { what, token: format!("{text}.{signature}"), good }
    }
}

/// Every signature of the set, and the keys for which they are valid.
fn vectors(mint: &mut Mint) -> (Vec<Trial>, Vec<String>) {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut trials, mut keys, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if !seen.insert(test.sig.to_vec()) {
            continue;
        }
        trials.push(Trial::new(format!("{} as it is", test.tc_id), &mint.text("now"), &test.sig, false));
        let kid = format!("v-{}", test.tc_id);
        let text = mint.text(&kid);
        if let Some(key) = recovered(text.as_bytes(), &test.sig) {
            let (x, y) = key.split_at(32);
            let [x, y] = [x, y].map(|half| Base64UrlSafeNoPadding::encode_to_string(half).unwrap());
            let jwk = format!(r#"{{"kty": "EC", "crv": "P-256", "x": "{x}", "y": "{y}"}}"#);
            keys.push(format!("{{workflow: news, kid: {kid}, use: verify, jwk: {jwk}}}"));
            trials.push(Trial::new(format!("{} with its key", test.tc_id), &text, &test.sig, true));
        }
    }
    (trials, keys)
}

/// The point of a public key for which this is a valid signature of the text, if there is one.
fn recovered(text: &[u8], raw: &[u8]) -> Option<Vec<u8>> {
    let signature = Signature::from_slice(raw).ok()?;
    let mut ids = (0..4).filter_map(RecoveryId::from_byte);
    let key = ids.find_map(|id| VerifyingKey::recover_from_msg(text, &signature, id).ok())?;
    Some(key.to_sec1_point(false).as_bytes()[1..].to_vec())
}

/// A valid signature, changed in every possible way.
fn touched(mint: &mut Mint) -> Vec<Trial> {
    let pair = mint.key("now");
    let secret = SigningKey::from_pkcs8_der(pair.material().ec_pair().unwrap().pkcs8()).unwrap();
    let mut trials = Vec::new();
    let mut one = |what: String, good: bool, touch: &dyn Fn(Signature) -> Vec<u8>| {
        let text = mint.text("now");
        trials.push(Trial::new(what, &text, &touch(secret.sign(text.as_bytes())), good));
    };
    one("as it was made".into(), true, &|signature| signature.to_vec());
    one("with the lower s".into(), true, &|signature| low(signature).to_vec());
    one("with the higher s".into(), true, &|signature| high(signature).to_vec());
    one("r and s changed about".into(), false, &|signature| {
        let raw = signature.to_vec();
        [&raw[32..], &raw[..32]].concat()
    });
    one("in DER".into(), false, &|signature| signature.to_der().as_bytes().to_vec());
    one("none".into(), false, &|_| Vec::new());
    one("without its last byte".into(), false, &|signature| signature.to_vec()[..63].to_vec());
    one("with a byte more".into(), false, &|signature| [&signature.to_vec()[..], &[0]].concat());
    one("with a byte before".into(), false, &|signature| [&[0], &signature.to_vec()[..]].concat());
    one("twice".into(), false, &|signature| signature.to_vec().repeat(2));
    for at in 0..64 {
        one(format!("byte {at} changed"), false, &|signature| {
            let mut raw = signature.to_vec();
            raw[at] ^= 1 << (at % 8);
            raw
        });
    }
    trials
}

fn low(signature: Signature) -> Signature {
    signature.normalize_s()
}

fn high(signature: Signature) -> Signature {
    let (r, s) = low(signature).split_scalars();
    Signature::from_scalars(r, -s).unwrap()
}

/// A second signature does not make a second token: the claims identify the transition.
fn taken_once(mesh: &Mesh, caller: &Credential, mint: &mut Mint) {
    let text = mint.text("now");
    let secret = SigningKey::from_pkcs8_der(mint.key("now").material().ec_pair().unwrap().pkcs8()).unwrap();
    let signature: Signature = secret.sign(text.as_bytes());
    for (touched, status) in [(low(signature), 200), (high(signature), 403)] {
        let token = Trial::new(String::new(), &text, &touched.to_vec(), true).token;
        let request = Request::new("POST", "/end").header("x-workflow-step", token);
        assert_eq!(mesh.call_directly(Some(caller), "auto", &request).unwrap().status, status);
    }
}

#[test]
fn one_answer_for_every_signature() {
    let mut proxies = proxies().unwrap();
    // Workers do not share this.
    proxies.dedup_by(|(one, _), (other, _)| one == other);
    for (envoy, workers) in proxies {
        one_answer_in(&envoy.unwrap_or_else(|| find_envoy().unwrap()), workers);
    }
}

fn one_answer_in(envoy: &Path, workers: u32) {
    let module = stepgate_tests::trials::module().unwrap();
    let environment = Corpus::read().unwrap().environment;
    let mut mint = Mint::new(&environment);
    let (mut trials, keys) = vectors(&mut mint);
    trials.extend(touched(&mut mint));
    let good = trials.iter().filter(|trial| trial.good).count();
    assert!(trials.len() > 350 && good > 100, "{good} valid ones of {}", trials.len());

    let workload = |crypto: &str| {
        let mut workload = Workload::new(crypto, CALLED);
        workload.egress = None;
        workload.inbound.plugin = Some(Plugin {
            module: module.clone(),
            configuration: gate(crypto, &keys),
            environment: environment.0.clone(),
        });
        workload
    };
    let mut spec = MeshSpec::new(vec![workload("auto"), workload("rust")]);
    spec.envoys = Envoys::OneForAll;
    spec.envoy = Some(envoy.to_owned());
    spec.concurrency = workers;
    let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
    let caller = mesh.authority().issue(&[CALLER]).unwrap();

    // The proxy's crypto is in use, and not Rust twice.
    let signs = if minor(envoy) >= 37 { "proxy" } else { "rust" };
    let log = mesh.log("auto").unwrap();
    for (verify, sign) in [("proxy", signs), ("rust", "rust")] {
        let said = format!(r#""es256":{{"verify":"{verify}","sign":"{sign}"}}"#);
        assert!(log.contains(&said), "no {said} in {log}");
    }
    let mut wrong = Vec::new();
    for trial in &trials {
        for site in ["auto", "rust"] {
            if verified(&mesh, &caller, site, &trial.token, &mint) != trial.good {
                wrong.push(format!("{site}: a signature {}: valid should be {}", trial.what, trial.good));
            }
        }
    }
    taken_once(&mesh, &caller, &mut mint);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), trials.len(), wrong.join("\n"));
    assert!(!mesh.log("auto").unwrap().contains("the proxy's crypto failed"));
    println!("{}: {} signatures, {good} of them valid; signed by {signs}", envoy.display(), trials.len());
}

/// Whether the gate finds the signature valid: it permits, or denies for a reason that it checks only afterwards.
fn verified(mesh: &Mesh, caller: &Credential, site: &str, token: &str, mint: &Mint) -> bool {
    let request = Request::new("POST", "/end").header("x-workflow-step", token);
    let response = mesh.call_directly(Some(caller), site, &request).unwrap();
    if response.status == 200 {
        // Rust accepts the gate's own signature.
        let seen = response.seen().unwrap();
        let minted = seen.header("x-workflow-step").next().unwrap().to_owned();
        let jws = UnverifiedToken::parse(&minted).unwrap();
        let clock = Clock { now: jws.claims().iat, leeway: Duration::ZERO };
        assert_eq!((jws.alg(), jws.kid()), ("ES256", "now"));
        assert_eq!(RustCrypto.verify(&mint.key("now"), &jws, clock), Ok(()), "{minted}");
        assert_eq!(jws.signature().len(), ecdsa::RAW_SIGNATURE);
        return true;
    }
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    match problem["code"].as_str().unwrap() {
        "BAD_SIGNATURE" => false,
        "ALREADY_TAKEN" => true,
        code => panic!("{site}: {code}"),
    }
}

/// The minor version of an Envoy.
fn minor(envoy: &Path) -> u32 {
    let said = String::from_utf8(Command::new(envoy).arg("--version").output().unwrap().stdout).unwrap();
    let version = said.split('/').find_map(|part| part.strip_prefix("1.")).unwrap_or_else(|| panic!("{said}"));
    version.split('.').next().unwrap().parse().unwrap()
}

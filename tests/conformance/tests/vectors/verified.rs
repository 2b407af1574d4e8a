//! The vectors, checked without the gate: hashes and signatures directly, claims by the reference, the document by its
//! canonical form.

use std::collections::BTreeMap;
use std::sync::Arc;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use jwt_simple::prelude::{HS256Key, MACLike};
use serde_json::Value;
use sha2::{Digest, Sha256};
use stepgate_config::spiffe::SpiffeId;
use stepgate_reference::{Arrival, Kind, Permitted, Reader, Shown, Token};

use super::kept;
use super::vectors::{Minted, Request, Vectors};

fn base64url(bytes: &[u8]) -> String {
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap()
}

fn decoded(text: &str) -> Vec<u8> {
    Base64UrlSafeNoPadding::decode_to_vec(text, None).unwrap()
}

fn all(vectors: &Vectors) -> impl Iterator<Item = &Minted> {
    vectors.requests.iter().flat_map(|one| [Some(&one.step), one.start.as_ref(), one.receipt.as_ref()]).flatten()
}

#[test]
fn the_digest_is_the_hash_of_the_canonical_form() {
    let Vectors { document, canonical, digest, .. } = kept();
    assert_eq!(digest, base64url(&Sha256::digest(canonical.as_bytes())));
    let workflow = stepgate_config::read_workflow(document.to_string().as_bytes()).into_result().unwrap().0;
    assert_eq!(workflow.digest.as_str(), digest);
}

#[test]
fn each_token_is_signed_by_the_key() {
    let vectors = kept();
    let secret = HS256Key::from_bytes(&decoded(vectors.key["k"].as_str().unwrap()));
    for minted in all(&vectors) {
        let [header, claims, signature] = stepgate_reference::alter::parts(&minted.token);
        assert_eq!(base64url(&secret.authentication_tag(format!("{header}.{claims}").as_bytes())), signature);
        let json = |part| -> Value { serde_json::from_slice(&decoded(part)).unwrap() };
        assert_eq!((json(header), json(claims)), (minted.header.clone(), minted.claims.clone()));
        assert_eq!((&minted.header["alg"], &minted.header["kid"]), (&"HS256".into(), &vectors.kid.as_str().into()));
    }
    assert_eq!(all(&vectors).count(), 11);
}

#[test]
fn each_jti_derives_from_what_it_says() {
    let vectors = kept();
    for minted in all(&vectors) {
        let mut hash = Sha256::new();
        for part in &minted.jti_of {
            hash.update(u64::try_from(part.len()).unwrap().to_be_bytes());
            hash.update(part);
        }
        assert_eq!(base64url(&hash.finalize()[..16]), minted.claims["jti"].as_str().unwrap(), "{:?}", minted.jti_of);
    }
}

/// The reference permits each request of the chain, and says of each token what its claims say.
#[test]
fn the_reference_reads_the_chain_alike() {
    let vectors = kept();
    let key = r#"keys: [{workflow: parcel, kid: vectors, use: sign, env: KEY}]"#;
    let whole = format!("{key}\nworkflows: [{}]", vectors.document);
    let (config, _) = stepgate_config::read_gate(whole.as_bytes()).into_result().unwrap();
    let mut reader = Reader::new(&config.workflows[0]).unwrap();
    // By what the reference calls it, what the gate does.
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut held: BTreeMap<String, Token> = BTreeMap::new();
    for request in &vectors.requests {
        let asked = asked(request, &held);
        let Ok(Permitted::Transition(arrived)) = reader.decide(Some(&config), &asked) else {
            panic!("the reference does not permit {request:?}");
        };
        let (peer, own) = (asked.peer.clone().unwrap(), &asked.gate);
        let mut hold = |arrival: &Arc<Arrival>, minted: Option<&Minted>, holder: &SpiffeId, kind: Kind| {
            let Some(Minted { token, claims, header, .. }) = minted else { return };
            let mine = reader.claims(arrival, holder);
            let mut gate_calls = |mine: &str, theirs: &Value| {
                let theirs = theirs.as_str().unwrap().to_owned();
                assert_eq!(*names.entry(mine.to_owned()).or_insert_with(|| theirs.clone()), theirs);
            };
            gate_calls(&mine.jti, &claims["jti"]);
            gate_calls(&mine.txn, &claims["txn"]);
            assert_eq!(claims["iss"], mine.iss.as_str());
            assert_eq!(claims["sub"], mine.sub.as_str());
            let times = [&claims["iat"], &claims["exp"], &claims["dl"]].map(|time| time.as_u64().unwrap());
            assert_eq!(times, [mine.times.iat, mine.times.exp, mine.times.dl]);
            assert_eq!(claims["wf"], serde_json::to_value(&mine.wf).unwrap());
            let member = |name: &str| claims.get(name).cloned().unwrap_or_else(|| serde_json::json!({}));
            assert_eq!(member("visits"), serde_json::to_value(&mine.visits).unwrap());
            assert_eq!(member("performers"), serde_json::to_value(&mine.performers).unwrap());
            let forks = member("fork");
            assert_eq!(forks.as_object().unwrap().len(), mine.fork.len());
            mine.fork.iter().for_each(|(join, round)| gate_calls(round, &forks[join]));
            assert_eq!(header["typ"], if kind == Kind::Receipt { "wfr+jwt" } else { "wfa+jwt" });
            let (arrival, holder, text) = (Arc::clone(arrival), holder.clone(), token.clone());
            held.insert(token.clone(), Token { text, arrival, holder, kind, flaw: None });
        };
        hold(&arrived.arrival, Some(&request.step), own, Kind::Arrival);
        hold(&arrived.arrival, request.receipt.as_ref(), &peer, Kind::Receipt);
        if let Some(start) = &arrived.start {
            hold(start, request.start.as_ref(), &peer, Kind::Arrival);
        }
        assert_eq!((arrived.start.is_some(), arrived.receipt), (request.start.is_some(), request.receipt.is_some()));
    }
    let claims = |name: &str| all(&vectors).filter(|minted| minted.claims.get(name).is_some()).count();
    assert!(["parents", "visits", "performers", "fork", "rep"].iter().all(|name| claims(name) > 0));
}

fn asked(request: &Request, held: &BTreeMap<String, Token>) -> stepgate_reference::Request {
    let id = |text: &str| SpiffeId::try_from(text.as_bytes()).unwrap();
    stepgate_reference::Request {
        peer: Some(id(&request.peer)),
        gate: id(&request.own),
        replica: request.replica.clone(),
        method: request.method.clone(),
        path: request.path.clone(),
        host: request.host.clone(),
        port: None,
        headers: Vec::new(),
        shown: request.steps.iter().map(|text| Shown::Token(held[text].clone())).collect(),
        now: request.now,
    }
}

//! The vectors as the gates mint them, from a document that uses each claim.

use std::collections::BTreeMap;
use std::sync::Arc;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde_json::{Value, json};
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, UnixTime, Verdict, inbound, request_headers};

use super::vectors::{Minted, Request, Vectors};

const DOCUMENT: &str = include_str!("document.yaml");
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"c3RlcGdhdGUgdGVzdCB2ZWN0b3JzLCBub3QgYSBzZWNyZXQ"}"#;
const KID: &str = "vectors";
const BEGIN: u64 = 1_800_000_000;

/// A request of the chain: the seconds since its beginning, the two workloads, the path, and the tokens that it presents,
/// as the number of the request and the header in whose response they came.
type Hop = (u64, &'static str, &'static str, &'static str, &'static [(usize, Bearer)]);

#[derive(Clone, Copy)]
enum Bearer {
    Step,
    Receipt,
}

const CHAIN: &[Hop] = &[
    (0, "shop", "depot-1", "/pack/7", &[]),
    (60, "depot-1", "shop", "/recheck", &[(0, Bearer::Step)]),
    (120, "shop", "depot-1", "/pack/7", &[(1, Bearer::Step)]),
    (180, "shop", "scale", "/weigh", &[(2, Bearer::Receipt)]),
    (240, "depot-1", "depot-2", "/label", &[(2, Bearer::Step)]),
    (300, "scale", "courier", "/load", &[(3, Bearer::Step)]),
    (360, "depot-2", "courier", "/load", &[(4, Bearer::Step)]),
    (420, "courier", "shop", "/done", &[(5, Bearer::Step), (6, Bearer::Step)]),
];

pub(super) fn vectors() -> Vectors {
    let document = stepgate_config::to_json(DOCUMENT.as_bytes()).unwrap();
    let whole = json!({
        "keys": [{"workflow": "parcel", "kid": KID, "use": "sign", "env": "KEY"}],
        "workflows": [document],
    });
    let (config, _) = stepgate_config::read_gate(whole.to_string().as_bytes()).into_result().unwrap();
    let (workflow, leeway) = (Arc::clone(&config.workflows[0]), config.leeway.as_secs());
    let (gate, _) = Gate::new(config, &|_| Some(KEY.to_owned())).unwrap();
    let mut records: BTreeMap<&str, MemoryStore> = BTreeMap::new();
    let mut requests: Vec<Request> = Vec::new();
    for (number, &(after, peer, own, path, presented)) in CHAIN.iter().enumerate() {
        let steps: Vec<String> = presented.iter().map(|&(request, which)| bearer(&requests[request], which)).collect();
        let line = steps.join(",");
        let more = (!line.is_empty()).then_some(("x-workflow-step", line.as_str()));
        let (peer, id) = (spiffe(peer), spiffe(own));
        let headers = request_headers("POST", path, "parcel.example", more);
        // The first 16 bytes name the instance.
        let random = *b"stepgate vectorsnot random at al";
        let mut facts = Facts::received(Some(&peer), &id, headers, UnixTime::from_seconds(BEGIN + after), random);
        facts.replica = Some(format!("replica-of-{own}"));
        let Verdict::Permitted(permit) = inbound(Some(&gate), &facts, &RustCrypto, records.entry(own).or_default())
        else {
            panic!("request {number} is not permitted");
        };
        let minted = |token: &str| minted(token, &workflow, &requests);
        requests.push(Request {
            now: BEGIN + after,
            peer,
            own: id,
            replica: format!("replica-of-{own}"),
            method: "POST".into(),
            path: path.into(),
            host: "parcel.example".into(),
            steps,
            step: minted(permit.step()),
            start: permit.reply().start().map(minted),
            receipt: permit.reply().receipt().map(minted),
        });
    }
    Vectors {
        canonical: CANONICAL.trim_end().replace('\n', ""),
        digest: workflow.digest.to_string(),
        document,
        kid: KID.into(),
        key: serde_json::from_str(KEY).unwrap(),
        leeway,
        requests,
    }
}

/// Written by hand, from the page; line feeds do not count.
const CANONICAL: &str = include_str!("canonical.json");

fn spiffe(name: &str) -> String {
    format!("spiffe://post.example/ns/parcel/sa/{name}")
}

fn bearer(request: &Request, which: Bearer) -> String {
    match which {
        Bearer::Step => request.step.token.clone(),
        Bearer::Receipt => request.receipt.as_ref().unwrap().token.clone(),
    }
}

fn minted(token: &str, workflow: &Workflow, before: &[Request]) -> Minted {
    let mut parts = token.split('.').map(|part| Base64UrlSafeNoPadding::decode_to_vec(part, None).unwrap());
    let mut json = || -> Value { serde_json::from_slice(&parts.next().unwrap()).unwrap() };
    let (header, claims) = (json(), json());
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    let name = workflow.name.to_string();
    let jti_of = match claims.get("parents") {
        None => {
            ["start", &name, &text(&claims["txn"]), &text(&claims["iss"]), &text(&claims["sub"])].map(str::to_owned)
        }
        Some(parents) => {
            let parents: Vec<String> = parents.as_array().unwrap().iter().map(text).collect();
            let of = |jti: &String| before.iter().map(|one| &one.step.claims).find(|claims| claims["jti"] == *jti);
            let task = text(&claims["wf"]["task"]);
            let left = parents.first().and_then(of);
            let from = left.map_or_else(|| "order".to_owned(), |claims| text(&claims["wf"]["task"]));
            let parent = match left.filter(|_| parents.len() > 1) {
                Some(claims) => format!("{}@{from}", text(&claims["fork"][&from])),
                None => parents[0].clone(),
            };
            ["child", &name, &parent, &format!("{from} -> {task}"), "only"].map(str::to_owned)
        }
    };
    Minted { token: token.to_owned(), header, claims, jti_of: jti_of.to_vec() }
}

//! What leaves an initial task takes room as a start does, and is limited as a start is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Code, Facts, Gate, UnixTime, Verdict, inbound, request_headers};

const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
const GATE: &str = "
limits: {starts: 4/1h}
keys: [{workflow: film, kid: k, use: sign, env: KEY}]
workflows:
  - workflow: film
    revision: 1
    trust_domain: film.example
    actors: {owner: {spiffe: [owner, assistant, 'ns/film/pod/{pod}']}, vfx: {spiffe: [vfx]}}
    tasks:
      brief: {actor: owner, initial: true}
      one: {actor: vfx, requests: [{path: /one}]}
      two: {actor: vfx, requests: [{path: /two}]}
      three: {actor: vfx, requests: [{path: /three}]}
    transitions: [{from: brief, to: one}, {from: brief, to: two}, {from: brief, to: three}]
";

#[test]
fn each_transition_of_a_start_token_counts() {
    let config = stepgate_config::read_gate(GATE.as_bytes()).into_result().unwrap().0;
    let gate = Gate::new(config, &|_| Some(KEY.to_owned())).unwrap().0;
    let (mut store, mut asked) = (MemoryStore::default(), 0_u8);
    let mut send = |peer: &str, path: &str, step: Option<&str>| {
        asked = asked.wrapping_add(1);
        let steps: Vec<(&str, &str)> = step.map(|step| ("x-workflow-step", step)).into_iter().collect();
        let headers = request_headers("POST", path, "vfx", steps);
        let now = UnixTime::from_seconds(1_800_000_000);
        let peer = format!("spiffe://film.example/{peer}");
        let facts = Facts::received(Some(&peer), "spiffe://film.example/vfx", headers, now, [asked; 32]);
        match inbound(Some(&gate), &facts, &RustCrypto, &mut store) {
            Verdict::Permitted(permit) => Ok(permit.reply().start().map(str::to_owned)),
            Verdict::Denied(denied) => Err(denied.code()),
            other @ (Verdict::Exempt(_) | Verdict::Observed(..)) => panic!("{other:?}"),
        }
    };
    let start = send("owner", "/one", None).unwrap().unwrap();
    assert_eq!(send("owner", "/two", Some(&start)), Ok(None));
    assert_eq!(send("owner", "/three", Some(&start)), Ok(None));
    let another = send("owner", "/one", None).unwrap().unwrap();
    assert_eq!(send("owner", "/two", Some(&another)), Err(Code::TooManyStarts));
    assert_eq!(send("owner", "/one", None), Err(Code::TooManyStarts));
    assert!(send("assistant", "/one", None).is_ok());
    // Whoever makes workloads names them: those of one open segment count as one, and leave one number in the store.
    for pod in ["ns/film/pod/a", "ns/film/pod/b", "ns/film/pod/c", "ns/film/pod/d"] {
        assert!(send(pod, "/one", None).is_ok());
    }
    assert_eq!(send("ns/film/pod/e", "/one", None), Err(Code::TooManyStarts));
}

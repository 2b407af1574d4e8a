//! `stepgate token verify` against tokens that gates accept, refuse, or cannot judge without a request.

use std::time::Duration;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::UnixTime;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::token::{Claims, TokenType};

use super::run::{PAIR, Ran, with};

/// Each actor signs with a key of its own. `first` may be done by two workloads, and `third` not by the same one.
const GATE: &str = r#"
keys:
  - {workflow: errand, actor: boss, kid: boss, use: sign, env: KEY_BOSS}
  - {workflow: errand, actor: one, kid: one, use: sign, env: KEY_ONE}
  - {workflow: errand, actor: two, kid: two, use: sign, env: KEY_TWO}
workflows:
  - workflow: errand
    revision: 1
    trust_domain: example
    deadline: 1h
    task_ttl: 10m
    actors:
      boss: {spiffe: [boss]}
      one: {spiffe: [one, uno], attributes: {tier: 1}}
      two: {spiffe: [two]}
    tasks:
      begin:  {actor: boss, initial: true}
      first:  {actor: one, requests: [{methods: [POST], path: /first}]}
      second: {actor: two, requests: [{methods: [POST], path: /second}], max_visits: 2}
      third:  {actor: one, requests: [{methods: [POST], path: /third}]}
      dear:   {actor: two, requests: [{methods: [POST], path: /dear}]}
      asked:  {actor: two, requests: [{methods: [POST], path: /asked}]}
      late:   {actor: two, requests: [{methods: [POST], path: /late}]}
      call:   {actor: boss, requests: [{methods: [POST], path: /call}]}
    transitions:
      - {from: begin, to: first}
      - {from: first, to: second}
      - {from: second, to: second}
      - {from: first, to: third}
      - {from: third, to: dear, when: peer.tier > 1}
      - {from: begin, to: call}
      - {from: call, to: asked, when: '"x-amount" in request.headers'}
      - {from: second, to: late, when: 'now.getFullYear("UTC") > 2030'}
    constraints:
      - {separate: [first, third]}
"#;

const NOW: &str = "2027-01-15T08:00:00Z";
/// The same, in seconds since 1970.
const NOW_SECONDS: u64 = 1_800_000_000;

fn jwk(actor: &str) -> String {
    let byte = actor.bytes().map(u32::from).sum::<u32>();
    let secret: String = char::from(b'A' + u8::try_from(byte % 26).unwrap()).to_string().repeat(42);
    format!(r#"{{"kty":"oct","alg":"HS256","k":"{secret}A"}}"#)
}

fn verify(gate: &str, value: &str, more: &[&str]) -> Ran {
    let keys = ["boss", "one", "two"].map(jwk);
    let environment = [("KEY_BOSS", keys[0].as_str()), ("KEY_ONE", &keys[1]), ("KEY_TWO", &keys[2])];
    let asked = ["token", "verify", "-", value, "--time", NOW];
    with(&[&asked[..], more].concat(), &environment, gate.as_bytes())
}

fn id(name: &str) -> SpiffeId {
    SpiffeId::try_from(format!("spiffe://example/{name}").as_bytes()).unwrap()
}

fn task(name: &str) -> TaskName {
    TaskName::try_from(name).unwrap()
}

/// An arrival at `first`, as the gate of the workload `one` writes it.
fn rightful() -> Claims {
    let gate = stepgate_config::read_gate(GATE.as_bytes()).into_result().unwrap().0;
    let digest = gate.workflows[0].digest.as_str();
    serde_json::from_value(serde_json::json!({
        "iss": "spiffe://example/one", "sub": "spiffe://example/one", "txn": "i-1", "jti": "arrival",
        "iat": NOW_SECONDS, "exp": NOW_SECONDS + 600, "dl": NOW_SECONDS + 3600, "parents": ["start"],
        "wf": {"v": 1, "name": "errand", "rev": 1, "digest": digest, "task": "first"},
        "performers": {"first": ["spiffe://example/one"]},
    }))
    .unwrap()
}

/// The same at another task, for its performer.
fn at(name: &str, performer: &str) -> Claims {
    let mut claims = rightful();
    claims.wf.task = task(name);
    (claims.iss, claims.sub) = (id(performer), id(performer));
    claims
}

fn sign(kid: &str, token_type: TokenType, claims: &Claims) -> String {
    let key = Key::new(kid.try_into().unwrap(), KeyActor::Any, &jwk(kid)).unwrap();
    RustCrypto.sign(&key, token_type, claims).unwrap()
}

#[test]
fn a_token_that_a_gate_accepts_is_valid() {
    let ran = verify(GATE, &sign("one", TokenType::Arrival, &rightful()), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in [
        "VALID: an arrival at `first` of errand revision 1, held by one (spiffe://example/one), instance i-1",
        "(task second)",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let json = verify(GATE, &sign("one", TokenType::Arrival, &rightful()), &["--json"]).json();
    assert_eq!((&json["valid"], &json["not_judged"]), (&true.into(), &serde_json::json!([])), "{json}");
    assert_eq!(json["claims"][0]["txn"], "i-1");
}

/// Each of these was once `VALID`, and every gate refuses it.
#[test]
fn a_token_that_every_gate_refuses_is_not_valid() {
    type Change = fn(&mut Claims);
    let changed = |claims: Claims, change: Change| {
        let mut claims = claims;
        change(&mut claims);
        claims
    };
    let arrival = TokenType::Arrival;
    let far = |seconds| UnixTime::from_seconds(NOW_SECONDS + seconds);
    let mut past = rightful();
    past.iat = UnixTime::from_seconds(NOW_SECONDS - 600);
    (past.exp, past.dl) = (UnixTime::from_seconds(NOW_SECONDS - 5), UnixTime::from_seconds(NOW_SECONDS - 5));
    let mut long = rightful();
    long.exp = far(3600);
    let mut longer = rightful();
    longer.dl = far(4000);
    let mut made_up = changed(at("begin", "boss"), |claims| claims.parents.clear());
    made_up.performers = Default::default();
    made_up.iss = id("one");
    let mut spent = at("second", "two");
    spent.visits.insert(task("second"), 2);
    let mut foreign = at("second", "two");
    foreign.visits.insert(task("second"), 1);
    foreign.iss = id("one");
    let refused = [
        ("another actor's key", sign("two", arrival, &rightful()), "WRONG_ISSUER"),
        ("an issuer that does not perform it", sign("one", arrival, &foreign), "WRONG_ISSUER"),
        ("a made-up start", sign("one", arrival, &made_up), "WRONG_ISSUER"),
        (
            "an unknown task",
            sign("one", arrival, &changed(rightful(), |c| c.wf.task = task("nowhere"))),
            "NO_TRANSITION",
        ),
        ("a life that no gate gives", sign("one", arrival, &long), "BAD_STEP"),
        ("a deadline that no gate gives", sign("one", arrival, &longer), "BAD_STEP"),
        ("past the deadline, within the leeway of `exp`", sign("one", arrival, &past), "DEADLINE"),
        ("the end of the workflow", sign("two", arrival, &at("late", "two")), "NO_TRANSITION"),
        (
            "a holder that is no actor",
            sign("one", arrival, &changed(rightful(), |c| c.sub = id("stranger"))),
            "OUTSIDER",
        ),
        (
            "another actor as its holder",
            sign("one", arrival, &changed(rightful(), |c| c.sub = id("two"))),
            "NO_TRANSITION",
        ),
        ("a receipt where an arrival is needed", sign("one", TokenType::Receipt, &rightful()), "WRONG_TYPE"),
        ("no visit left, and a guard that is false", sign("two", arrival, &spent), "GUARD"),
        (
            "a guard that is false for its holder",
            {
                let mut third = at("third", "uno");
                third.performers.insert(task("third"), [id("uno")].into());
                sign("one", arrival, &third)
            },
            "GUARD",
        ),
        ("an empty part of a list", format!("{},", sign("one", arrival, &rightful())), "BAD_STEP"),
        (
            "a list outside a join",
            {
                let other = changed(rightful(), |c| c.jti = "another".into());
                format!("{},{}", sign("one", arrival, &rightful()), sign("one", arrival, &other))
            },
            "BAD_STEP",
        ),
        ("a plain step of a signed workflow", "errand/1/first".into(), "WRONG_TYPE"),
    ];
    for (what, value, code) in refused {
        let ran = verify(GATE, &value, &[]);
        assert!(ran.code == 1 && ran.out.starts_with(&format!("NOT VALID {code}")), "{what}: {ran:?}");
        let json = verify(GATE, &value, &["--json"]).json();
        assert_eq!((&json["valid"], &json["code"]), (&false.into(), &code.into()), "{what}: {json}");
    }
}

/// It is for one request between two gates of a workflow at level `once`.
#[test]
fn a_departure_is_not_valid() {
    let (to, aud) = (Some("work".try_into().unwrap()), Some("one".try_into().unwrap()));
    let ran = verify(GATE, &sign("one", TokenType::Departure, &Claims { to, aud, ..rightful() }), &[]);
    assert!(ran.code == 1 && ran.out.starts_with("NOT VALID WRONG_TYPE"), "{ran:?}");
}

/// The transitions that are listed are those that the gates permit as far as the token decides it.
#[test]
fn only_transitions_that_the_token_opens_are_listed() {
    let json = verify(GATE, &sign("one", TokenType::Arrival, &rightful()), &["--json"]).json();
    let listed = |json: &serde_json::Value| -> Vec<(String, serde_json::Value)> {
        let all = json["allowed"].as_array().unwrap();
        all.iter().map(|next| (next["to"].as_str().unwrap().into(), next["workloads"].clone())).collect()
    };
    let expected = [
        ("second".to_owned(), serde_json::json!(["spiffe://example/two"])),
        ("third".to_owned(), serde_json::json!(["spiffe://example/uno"])),
    ];
    assert_eq!(listed(&json), expected, "`one` has done `first`, so only `uno` may do `third`");
    let text = verify(GATE, &sign("one", TokenType::Arrival, &rightful()), &[]).out;
    assert!(text.contains("POST /third (task third) at spiffe://example/uno only"), "{text}");
    // The gate of one workload.
    let own = format!("self: spiffe://example/two\n{GATE}");
    let json = verify(&own, &sign("one", TokenType::Arrival, &rightful()), &["--json"]).json();
    assert_eq!(listed(&json), expected[..1]);
}

#[test]
fn a_guard_that_reads_the_request_is_not_judged() {
    let mut call = at("call", "boss");
    call.performers = Default::default();
    let token = sign("boss", TokenType::Arrival, &call);
    let ran = verify(GATE, &token, &[]);
    assert_eq!(ran.code, 4, "{ran:?}");
    for part in
        ["VALID IN PART: an arrival at `call`", "not judged  the guard of `call -> asked`, which reads the request"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let json = verify(GATE, &token, &["--json"]).json();
    assert_eq!((&json["valid"], json["not_judged"].as_array().unwrap().len()), (&false.into(), 1), "{json}");
}

/// Any workload can write it, and it names no holder.
#[test]
fn a_plain_step_is_judged_in_part() {
    let pair = stepgate_config::to_json(PAIR.as_bytes()).unwrap();
    let plain = serde_json::json!({"workflows": [pair]}).to_string();
    let ran = verify(&plain, "pair/3/two", &[]);
    assert_eq!(ran.code, 4, "{ran:?}");
    for part in ["VALID IN PART: at `two` of pair revision 3", "not judged  who presents it", "b may call a"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    for (step, code) in [("pair/3/three", "NO_TRANSITION"), ("pair/2/two", "REVISION_RETIRED"), ("pair/3", "BAD_STEP")]
    {
        let ran = verify(&plain, step, &[]);
        assert!(ran.code == 1 && ran.out.contains(code), "{step}: {ran:?}");
    }
}

/// A list is the evidence of one request, so it is judged as a whole.
#[test]
fn starts_and_the_tokens_of_a_join_are_judged() {
    let key = jwk("movie");
    let movie = |arguments: &[&str]| with(arguments, &[("STEPGATE_KEY_MOVIE", &key)], b"");
    let mint = |more: &[&str]| {
        let asked = ["token", "mint", "gate/movie.yaml", "--kid", "2026-11", "--task", "master"];
        movie(&[&asked[..], more].concat()).out.trim().to_owned()
    };
    let both = movie(&["token", "verify", "gate/movie.yaml", &mint(&["--instance", "i-1"])]);
    assert_eq!(both.code, 0, "{both:?}");
    assert!(
        both.out.contains("VALID: arrivals at `master` from `hdr` and `sound` of movie revision 1"),
        "{}",
        both.out
    );
    let start = movie(&["token", "mint", "gate/movie.yaml", "--task", "brief"]).out;
    let start = movie(&["token", "verify", "gate/movie.yaml", start.trim()]);
    assert!(start.code == 0 && start.out.contains("owner may call vfx-1"), "{start:?}");
    let one = movie(&["token", "verify", "gate/movie.yaml", &mint(&["--from", "hdr"])]);
    assert!(one.code == 1 && one.out.contains("NOT VALID JOIN_INCOMPLETE"), "{one:?}");
}

/// With baggage, a gate reads members of another header, of another size.
#[test]
fn the_carrier_is_that_of_the_gate() {
    let baggage = format!("carrier: baggage\n{GATE}");
    let mut claims = rightful();
    assert_eq!(verify(&baggage, &sign("one", TokenType::Arrival, &claims), &[]).code, 0);
    claims.rep = Some("r".repeat(4_000));
    let long = sign("one", TokenType::Arrival, &claims);
    assert_eq!(verify(GATE, &long, &[]).code, 0);
    let ran = verify(&baggage, &long, &[]);
    assert!(ran.code == 1 && ran.out.contains("BAD_STEP"), "{ran:?}");
}

#[test]
fn the_leeway_is_that_of_the_gate() {
    let mut claims = rightful();
    claims.iat = UnixTime::from_seconds(NOW_SECONDS).plus(Duration::from_secs(20));
    let ahead = sign("one", TokenType::Arrival, &claims);
    assert_eq!(verify(GATE, &ahead, &[]).code, 0);
    let ran = verify(&format!("leeway: 5s\n{GATE}"), &ahead, &[]);
    assert!(ran.code == 1 && ran.out.contains("NOT_YET"), "{ran:?}");
}

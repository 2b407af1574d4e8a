//! `stepgate explain`.

use super::run::{PAIR, stepgate, with};

/// The arguments, the exit code, and texts that the answer must contain.
type Case<'a> = (&'a str, i32, &'a [&'a str]);

const CASES: &[Case<'_>] = &[
    (
        "movie.yaml --peer owner --self vfx-1 --method POST --path /shots/7",
        0,
        &["PERMIT", "brief -> shots", "a start token"],
    ),
    ("gate/movie.yaml --peer owner --self vfx-1 --method POST --path /shots/7", 0, &["PERMIT", "brief -> shots"]),
    (
        "movie.yaml --peer vfx-1 --self vfx-2 --at shots --method POST --path /plates/7",
        0,
        &["PERMIT", "new step  plates"],
    ),
    (
        "movie.yaml --peer vfx-1 --self vfx-2 --at shots --method POST --path /plates/7 --taken",
        1,
        &["DENY ALREADY_TAKEN"],
    ),
    ("movie.yaml --peer owner --self vfx-1 --method POST --path /shots/7 --taken", 0, &["PERMIT"]),
    (
        "movie.yaml --peer vfx-2 --self vfx-2 --at shots --method POST --path /plates/7",
        1,
        &[
            "DENY WRONG_HOLDER",
            "held by vfx-1, not by the peer",
            "vfx-1 may call vfx-2: POST /plates/{id} (task plates)",
            "split of shots (all): all of them are to be taken; a gate lets each in",
        ],
    ),
    (
        "movie.yaml --peer vfx-1 --self vfx-2 --at shots --holder vfx-3 --method POST --path /plates/7",
        1,
        &["DENY WRONG_HOLDER", "held by vfx-3"],
    ),
    (
        "movie.yaml --peer vfx-1 --self sound --at shots --method POST --path /sound/7",
        1,
        &["DENY NO_TRANSITION", "`models` and `plates`", "vfx-1 may call vfx-3: POST /models/{id} (task models)"],
    ),
    (
        "movie.yaml --peer vfx-1 --self vfx-2 --at shots --path /plates/7",
        1,
        &["DENY WRONG_REQUEST", "vfx-1 may call vfx-2: POST /plates/{id} (task plates)"],
    ),
    (
        "movie.yaml --peer vfx-1 --self vfx-2 --method POST --path /plates/7",
        1,
        &[
            "DENY NO_STEP",
            "An instance begins with one of these:",
            "owner may call vfx-1: POST /shots/{id} (task shots)",
        ],
    ),
    ("movie.yaml --peer none --self vfx-1", 1, &["DENY NO_PEER", "none: no mTLS"]),
    (
        "movie.yaml --peer spiffe://cluster.local/ns/x/sa/y --self vfx-1",
        1,
        &["DENY OUTSIDER", "not an actor of this workflow"],
    ),
    ("movie.yaml --peer spiffe://elsewhere/x --self vfx-1", 1, &["DENY BAD_PEER"]),
    ("movie.yaml --peer https://x --self vfx-1", 1, &["DENY BAD_PEER"]),
    ("movie.yaml --peer owner --self vfx-1 --path /shots/../x", 1, &["DENY BAD_PATH"]),
    ("movie.yaml --peer owner --self vfx-1 --step nonsense", 1, &["DENY BAD_STEP"]),
    ("movie.yaml --peer owner --self vfx-1 --header upgrade:websocket", 1, &["DENY UPGRADE"]),
    (
        "movie.yaml --peer owner --self owner --at master --method POST --path /release/7",
        0,
        &["PERMIT", "master -> release"],
    ),
];

#[test]
fn the_decision_is_explained() {
    for (asked, code, words) in CASES {
        let arguments: Vec<&str> = std::iter::once("explain").chain(asked.split(' ')).collect();
        let ran = stepgate(&arguments);
        assert_eq!(ran.code, *code, "{asked}: {ran:?}");
        for word in *words {
            assert!(ran.out.contains(word), "{asked}: {word}: {}", ran.out);
        }
    }
}

#[test]
fn json_has_the_same_content() {
    let asked = ["explain", "--json", "movie.yaml", "--peer", "vfx-1", "--self", "vfx-2", "--at", "shots"];
    let ran = stepgate(&[&asked[..], &["--path", "/plates/7", "--time", "2026-11-22T18:00:00Z"]].concat());
    let answer = ran.json();
    assert_eq!(ran.code, 1);
    assert_eq!(answer["verdict"], "deny");
    assert_eq!(answer["code"], "WRONG_REQUEST");
    assert_eq!(answer["at"], "shots");
    assert_eq!(answer["expected"], serde_json::json!(["plates"]));
    assert_eq!(answer["allowed"][0]["caller"], "vfx-1");
    assert_eq!(answer["facts"]["time"], "2026-11-22T18:00:00Z");
    let ran = stepgate(&[&asked[..], &["--path", "/plates/7", "--method", "POST"]].concat());
    let answer = ran.json();
    assert_eq!((ran.code, &answer["verdict"], &answer["step"]["wf"]["task"]), (0, &"permit".into(), &"plates".into()));
    assert!(!ran.out.contains("eyJ"), "no token leaves, not even one that is worth nothing");
}

#[test]
fn a_guard_is_evaluated_at_the_given_time() {
    let document = super::run::long("movie.yaml");
    let guarded =
        document.replace("{from: shots, to: plates}", "{from: shots, to: plates, when: 'now.getHours(\"UTC\") < 18'}");
    assert_ne!(guarded, document);
    for (time, code, word) in
        [("2026-11-22T17:59:59Z", 0, "PERMIT"), ("2026-11-22T18:00:00Z", 1, "now.getHours(\"UTC\") < 18")]
    {
        let asked = [
            "explain",
            "-",
            "--peer",
            "vfx-1",
            "--self",
            "vfx-2",
            "--at",
            "shots",
            "--method",
            "POST",
            "--path",
            "/plates/7",
        ];
        let ran = with(&[&asked[..], &["--time", time]].concat(), &[], guarded.as_bytes());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.out.contains(word), "{}", ran.out);
    }
}

#[test]
fn a_caller_of_the_next_task_presents_a_receipt() {
    let document = "
workflow: errand
revision: 1
trust_domain: cluster.local
assurance: signed
actors:
  boss: {spiffe: [a/boss]}
  one: {spiffe: [a/one]}
  two: {spiffe: [a/two]}
tasks:
  begin: {actor: boss, initial: true}
  first: {actor: one, requests: [{methods: [POST], path: /first}]}
  second: {actor: two, requests: [{methods: [POST], path: /second}]}
transitions:
  - {from: begin, to: first}
  - {from: first, to: second, via: boss}
";
    let ask = |arguments: &[&str]| with(&[&["explain", "-"][..], arguments].concat(), &[], document.as_bytes());
    let ran = ask(&["--peer", "boss", "--self", "two", "--at", "first", "--method", "POST", "--path", "/second"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("a receipt for first, held by boss"), "{}", ran.out);
    let ran = ask(&["--peer", "boss", "--self", "one", "--method", "POST", "--path", "/first"]);
    assert!(ran.out.contains("a receipt for the caller"), "{}", ran.out);
    let ran = ask(&["--peer", "one", "--self", "two", "--at", "first", "--method", "POST", "--path", "/second"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("boss may call two: POST /second (task second)"), "{}", ran.out);
}

#[test]
fn plain_steps_are_explained_too() {
    let ran = stepgate(&["check", "identity.yaml"]);
    assert!(ran.out.contains("assurance identity"), "{ran:?}");
    for shown in [&["--at", "two"][..], &["--step", "pair/3/two"]] {
        let asked = ["explain", "-", "--peer", "b", "--self", "a", "--method", "POST", "--path", "/three"];
        let ran = with(&[&asked[..], shown].concat(), &[], PAIR.as_bytes());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("new step  pair/3/three"), "{}", ran.out);
    }
}

#[test]
fn settings_of_the_configuration_apply() {
    let gate = std::fs::read_to_string(super::run::examples().join("gate/movie.yaml")).unwrap();
    let head =
        "mode: observe\nself: spiffe://cluster.local/ns/movie/sa/vfx-1\nexempt: [{methods: [GET], path: /healthz}]\n";
    let kept = |line: &&str| {
        !["mode:", "self:", "exempt:"].iter().any(|key| line.starts_with(key)) && !line.contains("/healthz")
    };
    let gate = format!("{head}{}\n", gate.lines().filter(kept).collect::<Vec<_>>().join("\n"));
    for (asked, code, words) in [
        ("--peer vfx-3 --path /shots/7", 1, &["DENY NO_STEP", "only observes"][..]),
        ("--peer vfx-3 --path /healthz", 0, &["EXEMPT"]),
        ("--peer owner --method POST --path /shots/7", 0, &["PERMIT", "self      vfx-1"]),
        ("--peer owner --self vfx-2", 2, &[]),
    ] {
        let arguments: Vec<&str> = ["explain", "-"].into_iter().chain(asked.split(' ')).collect();
        let ran = with(&arguments, &[], gate.as_bytes());
        assert_eq!(ran.code, code, "{asked}: {ran:?}");
        for word in words {
            assert!(ran.out.contains(word), "{asked}: {word}: {}", ran.out);
        }
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    for (asked, word) in [
        ("--peer vfx1 --self vfx-2", "did you mean `vfx-1`?"),
        ("--peer vfx-1 --self vfx2", "did you mean `vfx-"),
        ("--peer vfx-1 --self vfx-2 --at shot", "did you mean `shots`?"),
        ("--peer nobody-at-all --self vfx-2", "the actors are `color`"),
        ("--peer vfx-1 --self vfx-2 --workflow movi", "did you mean `movie`?"),
        ("--peer vfx-1 --self vfx-2 --workflow movie/9", "the revisions are `1`"),
        ("--peer vfx-1", "`--self` is required: the actor or SPIFFE ID that is called"),
        ("--peer vfx-1 --self vfx-2 --time noon", "RFC 3339"),
        ("--peer vfx-1 --self vfx-2 --header nonsense", "name: value"),
    ] {
        let arguments: Vec<&str> = ["explain", "movie.yaml"].into_iter().chain(asked.split(' ')).collect();
        let ran = stepgate(&arguments);
        assert_eq!(ran.code, 2, "{asked}: {ran:?}");
        assert!(ran.err.contains(word), "{asked}: {}", ran.err);
    }
    let ran = stepgate(&["explain", "movie.yaml", "--peer", "\u{1b}[31mred\n", "--self", "vfx-1"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn errors_in_the_document_come_first() {
    let ran = with(&["explain", "-", "--peer", "a", "--self", "b"], &[], b"workflow: x\n");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[E007]") && ran.out.is_empty(), "{ran:?}");
}

/// The port is a fact of the proxy; without it, a task with a port is denied.
#[test]
fn a_port_is_given_by_its_flag() {
    let movie = super::run::long("movie.yaml");
    let with_port = movie.replace(r#"path: "/shots/{id}"}"#, r#"path: "/shots/{id}", port: 8080}"#);
    assert_ne!(movie, with_port);
    let explain = |port: &[&str]| {
        let asked =
            ["explain", "-", "--json", "--peer", "owner", "--self", "vfx-1", "--method", "POST", "--path", "/shots/7"];
        with(&[&asked, port].concat(), &[], with_port.as_bytes()).json()
    };
    assert_eq!(explain(&["--port", "8080"])["verdict"], "permit");
    for port in [&["--port", "9090"][..], &[]] {
        let found = explain(port);
        assert_eq!((&found["verdict"], &found["code"]), (&"deny".into(), &"WRONG_REQUEST".into()), "{found}");
        let allowed = found["allowed"].to_string();
        assert!(allowed.contains("POST /shots/{id} at port 8080"), "{allowed}");
    }
}

/// The arguments without quotes, of which none has a space.
fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn gate_key() -> String {
    stepgate(&["keygen", "--workflow", "movie", "--kid", "2026-11", "--json"]).json()["private_jwk"].to_string()
}

/// However the request carries its step, the gate's own keys verify it.
#[test]
fn a_step_in_a_header_is_as_good_as_one_in_its_flag() {
    let key = gate_key();
    let environment = [("STEPGATE_KEY_MOVIE", key.as_str())];
    let gate = std::fs::read_to_string(super::run::examples().join("gate/movie.yaml")).unwrap();
    let baggage = format!("carrier: baggage\n{gate}");
    let token = |task: &str| {
        let asked = ["token", "mint", "gate/movie.yaml", "--task", task, "--instance", "i-1"];
        with(&asked, &environment, b"").out.trim().to_owned()
    };
    let explain = |gate: &str, asked: &str, shown: &[&str]| {
        with(&[&["explain", "-"][..], &words(asked), shown].concat(), &environment, gate.as_bytes())
    };
    let shots = token("shots");
    let plates = "--peer vfx-1 --self vfx-2 --method POST --path /plates/7";
    for (gate, shown) in [
        (&gate, ["--step".to_owned(), shots.clone()]),
        (&gate, ["--header".into(), format!("x-workflow-step: {shots}")]),
        (&gate, ["--header".into(), format!("X-Workflow-Step:{shots}")]),
        (&baggage, ["--step".into(), shots.clone()]),
        (&baggage, ["--header".into(), format!("baggage: userId=7, step={shots}")]),
    ] {
        let ran = explain(gate, plates, &[&shown[0], &shown[1]]);
        assert!(ran.code == 0 && ran.out.contains("PERMIT") && ran.out.contains("i-1"), "{shown:?}: {ran:?}");
        assert!(ran.out.contains("step      as given") && !ran.out.contains("eyJ"), "no token leaves: {ran:?}");
    }
    let ran = explain(&gate, "--to plates", &["--step", &shots]);
    assert!(ran.code == 2 && ran.err.contains("the actor or SPIFFE ID that calls"), "{ran:?}");
    let ran = explain(&gate, "--to plates --peer vfx-1", &["--step", &shots]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // A carrier that the gate does not read.
    let ran = explain(&baggage, plates, &["--header", &format!("x-workflow-step: {shots}")]);
    assert!(ran.code == 1 && ran.out.contains("NO_STEP"), "{ran:?}");
    // The tokens of a join, in both carriers.
    let release = "--peer owner --self owner --method POST --path /release/7";
    for gate in [&gate, &baggage] {
        let ran = explain(gate, release, &["--step", &token("master")]);
        assert!(ran.code == 0 && ran.out.contains("master -> release"), "{ran:?}");
    }
    let other = explain(&baggage, plates, &["--at", "shots", "--header", "baggage: userId=7"]);
    assert_eq!(other.code, 0, "other members of the baggage are no step: {other:?}");
    let twice = explain(&gate, plates, &["--at", "shots", "--header", &format!("x-workflow-step: {shots}")]);
    assert!(twice.code == 2 && twice.err.contains("a step in its headers already"), "{twice:?}");
}

/// A document has no keys: `UNKNOWN_KEY` would be about the command, not about a gate.
#[test]
fn a_token_is_not_judged_with_a_document() {
    let key = gate_key();
    let minted =
        with(&["token", "mint", "gate/movie.yaml", "--task", "shots"], &[("STEPGATE_KEY_MOVIE", &key)], b"").out;
    let header = format!("x-workflow-step: {}", minted.trim());
    for shown in [["--step", minted.trim()], ["--header", &header]] {
        let asked = ["explain", "movie.yaml", "--peer", "vfx-1", "--self", "vfx-2", "--path", "/plates/7"];
        let ran = stepgate(&[&asked[..], &shown].concat());
        assert!(ran.code == 2 && ran.err.contains("has no keys to verify a token") && ran.out.is_empty(), "{ran:?}");
    }
}

/// Artefacts are built, scanned, then staged by a workload that did not build them, and released by the one that did.
const RELEASE: &str = "
workflow: release
revision: 1
trust_domain: example
actors:
  portal: {spiffe: [portal]}
  ci: {spiffe: [dev-1, dev-2]}
  scanner: {spiffe: [scanner]}
tasks:
  order: {actor: portal, initial: true}
  build: {actor: ci, requests: [{methods: [POST], path: '/builds/{id}'}]}
  scan:  {actor: scanner, requests: [{methods: [POST], path: '/scans/{id}'}], max_visits: 2}
  again: {actor: ci, requests: [{methods: [POST], path: '/again/{id}'}], max_visits: 1}
  stage: {actor: ci, requests: [{methods: [POST], path: '/stages/{id}'}]}
transitions:
  - {from: order, to: build}
  - {from: build, to: scan}
  - {from: scan, to: again}
  - {from: again, to: scan}
  - {from: scan, to: stage}
constraints:
  - {separate: [build, stage]}
";

fn explain(document: &str, asked: &str) -> super::run::Ran {
    with(&[&["explain", "-"][..], &words(asked)].concat(), &[], document.as_bytes())
}

#[test]
fn a_constraint_on_an_earlier_task_is_not_taken_for_kept() {
    let unknown = explain(RELEASE, "--at scan --to stage");
    assert_eq!(unknown.code, 4, "{unknown:?}");
    let line = "assumed   it is not known who performed `build`: `--performed build=ID` says it";
    assert!(unknown.out.contains("PERMIT") && unknown.out.contains(line), "{}", unknown.out);
    let json = explain(RELEASE, "--at scan --to stage --json").json();
    assert_eq!(json["assumed"].as_array().unwrap().len(), 1, "{json}");
    for (by, code, word) in [("dev-1", 1, "DENY CONSTRAINT"), ("dev-2", 0, "PERMIT")] {
        let asked = format!("--at scan --to stage --performed build=spiffe://example/{by}");
        let ran = explain(RELEASE, &asked);
        assert!(ran.code == code && ran.out.contains(word) && !ran.out.contains("assumed"), "{by}: {ran:?}");
    }
    // A request that no constraint compares with it does not depend on it; one that comes after it does.
    let again = explain(RELEASE, "--at scan --to again");
    assert!(!again.out.contains("who performed"), "{again:?}");
    let later = explain(RELEASE, "--at scan --to again --then --to scan --then --to stage");
    assert!(later.code == 4 && later.out.contains(line), "{later:?}");
    // One workload alone can have done it, and every instance has passed it.
    let alone = RELEASE.replace("[dev-1, dev-2]", "[dev-1]").replace("separate", "bind");
    let bound = explain(&alone, "--at scan --to stage");
    assert!(bound.code == 0 && !bound.out.contains("assumed"), "{bound:?}");
    let json = explain(&alone, "--at scan --to stage --json").json();
    assert_eq!(json["step"]["performers"]["build"][0], "spiffe://example/dev-1", "{json}");
    for (performed, word) in [
        ("build=scanner", "does not perform `build`"),
        ("biuld=ci", "did you mean `build`?"),
        ("scan=scanner", "no constraint names `scan`"),
        ("build", "TASK=ACTOR"),
    ] {
        let ran = explain(RELEASE, &format!("--at scan --to stage --performed {performed}"));
        assert!(ran.code == 2 && ran.err.contains(word), "{performed}: {ran:?}");
    }
    assert_eq!(explain(RELEASE, "--to build --performed build=ci").code, 2);
}

/// The lab's gate at `again` has seen `scan` once: so has the token of `--at again`.
#[test]
fn loops_that_an_instance_has_passed_are_counted() {
    let json = explain(RELEASE, "--at again --to scan --json").json();
    assert_eq!((&json["verdict"], &json["step"]["visits"]["scan"]), (&"permit".into(), &2.into()), "{json}");
    let ran = explain(RELEASE, "--at again --to scan");
    let line = "assumed   it is entry 2 of `scan`, if loops were taken as seldom as possible before";
    assert!(ran.code == 4 && ran.out.contains(line), "{ran:?}");
    let walked = explain(RELEASE, "--to build --then --to scan --then --to again --then --to scan");
    assert!(walked.code == 0 && !walked.out.contains("assumed"), "{walked:?}");
    let once = RELEASE.replace("max_visits: 2", "max_visits: 1");
    let ran = explain(&once, "--at again --to scan");
    assert!(ran.code == 1 && ran.out.contains("TOO_MANY_VISITS"), "{ran:?}");
}

#[test]
fn a_token_is_minted_with_its_history() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), gate_key()).unwrap();
    let asked = ["token", "mint", "-", "--task", "scan", "--json", "--key", file.path().to_str().unwrap()];
    let ran = with(&asked, &[], RELEASE.as_bytes());
    assert!(ran.code == 0 && ran.err.contains("`--performed build=ID` does"), "{ran:?}");
    let ran = with(&[&asked[..], &["--performed", "build=spiffe://example/dev-2"]].concat(), &[], RELEASE.as_bytes());
    assert_eq!(ran.json()["claims"][0]["performers"]["build"][0], "spiffe://example/dev-2");
    assert!(!ran.err.contains("performed"), "{ran:?}");
}

#[test]
fn a_permit_says_what_may_come_next() {
    let next = |file: &str, asked: &str| {
        let arguments = [&["explain", file, "--json"][..], &words(asked)].concat();
        let json = stepgate(&arguments).json();
        assert_eq!(json["verdict"], "permit", "{json}");
        let all = json["allowed"].as_array().unwrap().iter();
        let names = all.map(|next| format!("{} -> {}", next["from"].as_str().unwrap(), next["to"].as_str().unwrap()));
        (names.collect::<Vec<_>>(), json)
    };
    assert_eq!(next("movie.yaml", "--to shots").0, ["shots -> plates", "shots -> models"]);
    assert_eq!(next("movie.yaml", "--at shots --to plates").0, ["plates -> color"]);
    // The caller shows a receipt; the guard reads a header of the next request.
    assert_eq!(next("checkout.yaml", "--to reserve").0, ["reserve -> charge"]);
    let (join, json) = next("movie.yaml", "--at hdr --to master");
    assert_eq!((join, &json["expected"]), (vec!["master -> release".to_owned()], &serde_json::json!(["hdr", "sound"])));
    let (end, json) = next("movie.yaml", "--at master --to release");
    let ended = "none leaves `release`, where this branch ends";
    assert!(end.is_empty() && json["none_open"] == ended, "{json}");
    let ran = stepgate(&["explain", "movie.yaml", "--at", "master", "--to", "release"]);
    assert!(ran.out.contains("No transition is open: none leaves `release`"), "{}", ran.out);
    let ran = stepgate(&["explain", "movie.yaml", "--at", "hdr", "--to", "master"]);
    assert!(ran.out.contains("waits for `hdr` and `sound`"), "{}", ran.out);
    // Only the officer who did not assess may approve.
    let loan = stepgate(&["explain", "loan.yaml", "--to", "assess"]);
    assert!(loan.out.contains("(task approve) at spiffe://bank.example/ns/loan/sa/officer-2 only"), "{}", loan.out);
    // The initiator goes on with its start token.
    let two = "
workflow: two
revision: 1
trust_domain: example
actors: {a: {spiffe: [a]}, b: {spiffe: [b]}}
tasks:
  go: {actor: a, initial: true}
  one: {actor: b, requests: [{methods: [PUT], path: /one}]}
  other: {actor: b, requests: [{methods: [PUT], path: /other}]}
transitions: [{from: go, to: one}, {from: go, to: other}]
";
    let ran = explain(two, "--to one");
    assert!(ran.out.contains("Next transitions:\n  a may call b: PUT /other (task other)\n"), "{}", ran.out);
}

#[test]
fn a_task_fills_in_its_request() {
    let facts = |document: &str, asked: &str| explain(document, &format!("--json {asked}")).json()["facts"].clone();
    let movie = super::run::long("movie.yaml");
    let found = facts(&movie, "--to shots");
    for (name, value) in [
        ("peer", "spiffe://cluster.local/ns/movie/sa/owner"),
        ("self", "spiffe://cluster.local/ns/movie/sa/vfx-1"),
        ("method", "POST"),
        ("path", "/shots/7"),
        ("host", "vfx-1.movie.svc.cluster.local"),
    ] {
        assert_eq!(found[name], value, "{found}");
    }
    let given = facts(&movie, "--to shots --method PUT --path /shots/8?x=1 --host h --peer vfx-3 --self vfx-2");
    assert_eq!(
        (&given["method"], &given["path"], &given["host"]),
        (&"PUT".into(), &"/shots/8?x=1".into(), &"h".into())
    );
    assert!(given["peer"].as_str().unwrap().ends_with("vfx-3") && given["self"].as_str().unwrap().ends_with("vfx-2"));
    let hosted = movie.replace(r#"path: "/shots/{id}""#, r#"host: shots.example, port: 8080, path: "/shots/{id}""#);
    let found = facts(&hosted, "--to shots");
    assert_eq!((&found["host"], &found["port"]), (&"shots.example".into(), &8080.into()), "{found}");
    assert_eq!(explain(&hosted, "--to shots").code, 0);
    // A gRPC call has its headers, which the guard reads.
    let charge = stepgate(&["explain", "checkout.yaml", "--at", "reserve", "--to", "charge"]);
    assert!(charge.code == 0 && charge.out.contains("a receipt for reserve, held by shop"), "{charge:?}");
    for (asked, word) in [
        ("--to plates", "no instance begins with `plates`"),
        ("--to plates", "give --at with the task before"),
        ("--to shot", "did you mean `shots`?"),
        ("--self vfx-1", "`--peer` is required"),
    ] {
        let ran = explain(&movie, asked);
        assert!(ran.code == 2 && ran.err.contains(word), "{asked}: {ran:?}");
    }
    let ran = explain(&movie, "--at shots --to sound");
    assert!(ran.code == 1 && ran.out.contains("DENY NO_TRANSITION"), "{ran:?}");
    // The caller is given: the gate says what it says.
    let ran = explain(&movie, "--to plates --peer vfx-1");
    assert!(ran.code == 1 && ran.out.contains("DENY NO_STEP"), "{ran:?}");
}

/// A walk: the step that one request leaves is the step of the next.
#[test]
fn several_requests_walk_an_instance() {
    let whole = "--to shots --then --to plates --then --to color --then --to hdr --then --to master \
                 --then --to models --then --to sound --then --to master --then --to release";
    let whole = whole.split_whitespace().collect::<Vec<_>>();
    let ran = stepgate(&[&["explain", "movie.yaml"][..], &whole].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((ran.out.matches("PERMIT").count(), ran.out.matches("\nThen:\n").count()), (9, 8), "{}", ran.out);
    let json = stepgate(&[&["explain", "movie.yaml", "--json"][..], &whole].concat()).json();
    let then = json["then"].as_array().unwrap();
    assert_eq!(then.len(), 8);
    let last = &then[7];
    assert_eq!((&last["transition"], &last["facts"]["step"]["task"]), (&"master -> release".into(), &"master".into()));
    assert!(then.iter().all(|one| one["step"]["txn"] == json["step"]["txn"]), "one instance: {json}");
    // Before the second branch is there, the gate requires the whole evidence.
    let early = explain_movie(
        "--to shots --then --to plates --then --to color --then --to hdr --then --to master --then --to release",
    );
    assert!(early.code == 1 && early.out.contains("DENY JOIN_INCOMPLETE"), "{early:?}");
    // The replay record is that of the whole walk.
    let again = explain_movie("--at shots --to plates --then --at shots --to models --then --at shots --to plates");
    assert!(again.code == 1 && again.out.contains("DENY ALREADY_TAKEN"), "{again:?}");
    assert_eq!(again.out.matches("PERMIT").count(), 2, "{}", again.out);
    // A request of another peer shows the step of the one before.
    let stolen = explain_movie("--to shots --then --peer vfx-3 --self vfx-2 --method POST --path /plates/7");
    assert!(stolen.code == 1 && stolen.out.contains("DENY WRONG_HOLDER"), "{stolen:?}");
    // Time goes on.
    let late = explain_movie("--to shots --time 2026-11-22T11:00:00Z --then --to plates --time 2026-11-22T13:00:00Z");
    assert!(late.code == 1 && late.out.contains("DENY EXPIRED"), "{late:?}");
}

fn explain_movie(asked: &str) -> super::run::Ran {
    stepgate(&[&["explain", "movie.yaml"][..], &words(asked)].concat())
}

#[test]
fn a_walk_keeps_constraints_receipts_and_plain_steps() {
    let officer = "spiffe://bank.example/ns/loan/sa/officer";
    for (second, code) in [(1, 1), (2, 0)] {
        let asked = format!("--to assess --then --to approve --self {officer}-{second}");
        let ran = stepgate(&[&["explain", "loan.yaml"][..], &words(&asked)].concat());
        assert!(ran.code == code && ran.out.contains("CONSTRAINT") == (code == 1), "{ran:?}");
    }
    let ran = stepgate(&[
        "explain",
        "checkout.yaml",
        "--to",
        "reserve",
        "--then",
        "--to",
        "charge",
        "--then",
        "--to",
        "ship",
    ]);
    assert!(ran.code == 0 && ran.out.contains("a receipt for charge, held by shop"), "{ran:?}");
    let ran = explain(PAIR, "--to two --then --to three");
    assert!(ran.code == 0 && ran.out.contains("new step  pair/3/three"), "{ran:?}");
    let twice = explain(PAIR, "--to two --then --to two");
    assert!(twice.code == 0 && twice.out.matches("step      none").count() == 2, "nothing is counted: {twice:?}");
}

#[test]
fn wrong_usage_after_then_is_named() {
    for (asked, word) in [
        ("--to shots --then --no-such", "--no-such"),
        ("--to shots --then --to", "--to"),
        ("--to shots --then --to plates --json", "--json"),
        ("--to shots --then --at color --to hdr", "no request before it has reached `color`"),
        ("--to shots --then --path /x", "`--peer` is required"),
        ("--to shots --taken --then --to plates", "--then"),
    ] {
        let ran = explain_movie(asked);
        assert!(ran.code == 2 && ran.err.contains(word), "{asked}: {ran:?}");
    }
}

/// The transitions under a denial are those that gates would permit, not all that the document has.
#[test]
fn a_denial_lists_only_what_the_step_opens() {
    let allowed = |document: &str, asked: &str| {
        let json = explain(document, &format!("--json {asked}")).json();
        let to: Vec<String> =
            json["allowed"].as_array().unwrap().iter().map(|next| next["to"].as_str().unwrap().to_owned()).collect();
        (json["code"].as_str().unwrap().to_owned(), to, json["none_open"].clone())
    };
    let code = |code: &str| code.to_owned();
    let once = RELEASE.replace("max_visits: 2", "max_visits: 1");
    let null = serde_json::Value::Null;
    // Nothing is open; the reason is that of the denial.
    assert_eq!(allowed(&once, "--at again --to scan"), (code("TOO_MANY_VISITS"), vec![], null.clone()));
    let wrong = "--at again --peer scanner --self scanner --path /scans/7";
    assert_eq!(
        allowed(&once, wrong),
        (code("WRONG_HOLDER"), vec![], "TOO_MANY_VISITS: the task may be entered 1 times".into())
    );
    let text = explain(&once, wrong).out;
    assert!(text.contains("No transition is open: TOO_MANY_VISITS"), "{text}");
    // Another request is open.
    assert_eq!(
        allowed(RELEASE, "--at scan --to again --method GET"),
        (code("WRONG_REQUEST"), vec![code("again"), code("stage")], null.clone())
    );
    // The workflow was revoked.
    let gate = std::fs::read_to_string(super::run::examples().join("gate/movie.yaml")).unwrap();
    let revoked = format!("revoked: {{workflows: [movie]}}\n{gate}");
    assert_eq!(allowed(&revoked, "--to shots"), (code("REVOKED"), vec![], null));
    // The end.
    let ended = explain_movie("--at release --to plates --peer vfx-1");
    let line = "No transition is open: none leaves `release`, where this branch ends";
    assert!(ended.out.contains("WRONG_HOLDER") && ended.out.contains(line), "{}", ended.out);
}

/// What no proxy would report is a mistake in the call, and not a denial.
#[test]
fn arguments_that_no_request_can_have_are_named() {
    let id = |id: &str| format!("`{id}` is not the SPIFFE ID of a workload");
    for (flag, value, says) in [
        ("--self", "spiffe://", &*id("spiffe://")),
        ("--self", "spiffe://t", &id("spiffe://t")),
        ("--self", "spiffe://t/a b", &id("spiffe://t/a b")),
        ("--self", "spiffe://t/a\nb", &id("spiffe://t/a\\nb")),
        ("--self", "https://x", "a SPIFFE ID begins with `spiffe://`"),
        ("--self", "", "`movie` has no actor ``"),
        ("--at", "shots+nope", "--at: `movie` has no task `nope`"),
        ("--at", "shots+", "--at: `movie` has no task ``"),
        ("--at", "plates+models", "no transition of `movie` leaves `models` and `plates` together"),
        ("--method", "get x", "a method is one word"),
        ("--method", "", "a method is one word"),
        ("--host", "a b", "a host is a name or an address"),
        ("--host", "", "a host is a name or an address"),
        ("--header", "host: y", "method, path and host are no headers here"),
        ("--header", "x: a\nb", "the value of a header is one line"),
    ] {
        let ran = stepgate(&["explain", "movie.yaml", "--peer", "owner", "--to", "shots", flag, value]);
        assert!(ran.code == 2 && ran.err.contains(says), "{flag} {value:?}: {ran:?}");
        assert!(flag != "--self" || ran.err.contains("help: "), "{ran:?}");
    }
    // A workload that is none of its actors, and a peer that a proxy might report.
    for (asked, code) in [("--self spiffe://t/x", "NOT_INITIAL"), ("--self vfx-1 --peer spiffe://t", "BAD_PEER")] {
        let peer = if asked.contains("--peer") { "" } else { " --peer owner" };
        let ran = explain_movie(&format!("{asked}{peer}"));
        assert!(ran.code == 1 && ran.out.contains(code), "{asked}: {ran:?}");
    }
}

/// The caller shows its tokens of two tasks, one of which is the fork of both.
#[test]
fn a_list_with_its_fork_in_it_is_one_round() {
    let document = "\
workflow: trip
revision: 1
trust_domain: t
namespace: trips
actors: [client, desk, airline, bank]
tasks:
  wish: {actor: client, initial: true}
  plan: {actor: desk, requests: /plan}
  quote: {actor: airline, split: all, requests: /quote}
  flight: {actor: airline, requests: /flight}
  pay: {actor: bank, requests: /pay}
transitions:
  - wish -> plan -> quote
  - {from: quote, to: flight, via: desk}
  - {from: [quote, flight], to: pay, via: desk}
";
    for asked in ["--at quote+flight --to pay", "--at flight+quote --to pay --peer desk"] {
        let ran = explain(document, asked);
        assert!(
            ran.code == 0 && ran.out.contains("PERMIT: it is the transition flight+quote -> pay"),
            "{asked}: {ran:?}"
        );
    }
}

/// The gate of a receiver decides; an outbound one stands for the caller.
#[test]
fn an_outbound_gate_is_not_the_one_that_decides() {
    let gate = std::fs::read_to_string(super::run::examples().join("gate/movie.yaml")).unwrap();
    let outbound = format!("direction: outbound\nself: spiffe://movie.example/ns/movie/sa/owner\n{gate}");
    let ran = with(&["explain", "-", "--to", "shots"], &[], outbound.as_bytes());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("this one is outbound") && ran.err.contains("the receiver's gate"), "{}", ran.err);
}

/// Receivers at `once` take departures, which this command does not make.
#[test]
fn level_once_is_refused_in_so_many_words() {
    let document = super::run::PAIR.replace("assurance: identity", "assurance: once");
    let ran = with(&["explain", "-", "--to", "two"], &[], document.as_bytes());
    assert!(ran.code == 2 && ran.err.contains("`explain` does not know level `once` yet"), "{ran:?}");
}

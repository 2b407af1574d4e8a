//! `stepgate explain`.

use super::run::{stepgate, with};

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
    let document = std::fs::read_to_string(super::run::examples().join("movie.yaml")).unwrap();
    let guarded =
        document.replace("{from: shots,  to: plates}", "{from: shots, to: plates, when: 'now.getHours(\"UTC\") < 18'}");
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
    let document = "
workflow: pair
revision: 3
trust_domain: cluster.local
assurance: identity
actors:
  a: {spiffe: [x/a]}
  b: {spiffe: [x/b]}
tasks:
  one: {actor: a, initial: true}
  two: {actor: b, requests: [{methods: [POST], path: /two}]}
  three: {actor: a, requests: [{methods: [POST], path: /three}]}
transitions:
  - {from: one, to: two}
  - {from: two, to: three}
";
    for shown in [&["--at", "two"][..], &["--step", "pair/3/two"]] {
        let asked = ["explain", "-", "--peer", "b", "--self", "a", "--method", "POST", "--path", "/three"];
        let ran = with(&[&asked[..], shown].concat(), &[], document.as_bytes());
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
    let movie = std::fs::read_to_string(super::run::examples().join("movie.yaml")).unwrap();
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

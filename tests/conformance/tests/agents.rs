//! The tools of an agent behind Envoy's `mcp` filter, as docs/agents.md configures it: it refuses a call whose headers
//! say one tool and whose body another. The gate alone, and the filter in its default mode, let it through.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use stepgate_mesh::{Credential, Envoys, Mesh, MeshError, MeshSpec, Request, Version, Workload, find_envoy};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::docs::{Kind, Page};
use stepgate_tests::environment::Environment;
use stepgate_tests::live::{Answer, Mint};
use stepgate_tests::proxies::proxies;

/// The first Envoy whose filter compares headers with the body.
const FIRST: (u32, u32) = (1, 40);
const AGENT: &str = "spiffe://shop.example/ns/desk/sa/agent";
const REVIEW: &str = "spiffe://shop.example/ns/desk/sa/review";
const TOOLS: &str = "spiffe://shop.example/ns/desk/sa/tools";
const REVISION: &str = "2026-07-28";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn environment() -> Environment {
    Corpus::read().unwrap().environment
}

/// The documents that the chapter `39-agents` and this test run are those of the examples.
#[test]
fn the_corpus_holds_the_examples() {
    let gate = std::fs::read(root().join("tests/corpus/gates/agents.yaml")).unwrap();
    let gate = stepgate_config::read_gate(&gate).checked.unwrap();
    let examples = ["agent", "a2a", "grpc", "soap"].map(|name| {
        let text = std::fs::read(root().join(format!("config/examples/{name}.yaml"))).unwrap();
        stepgate_config::read_workflow(&text).checked.unwrap().digest.clone()
    });
    assert_eq!(gate.workflows.iter().map(|workflow| workflow.digest.clone()).collect::<Vec<_>>(), examples);
}

/// The configuration of a gate of the agent's workflow.
fn configuration() -> String {
    let document = std::fs::read_to_string(root().join("config/examples/agent.yaml")).unwrap();
    let workflow = stepgate_config::to_json(document.as_bytes()).unwrap_or_else(|errors| panic!("{errors:?}"));
    json!({
        "keys": [{"workflow": "agent", "kid": "now", "use": "sign", "env": "KEY_FILM"}],
        "workflows": [workflow],
    })
    .to_string()
}

/// The filters as the page has them: `mcp`, and the one that requires that it has read the body.
fn filters() -> [Value; 2] {
    let page = Page::of(&std::fs::read_to_string(root().join("docs/agents.md")).unwrap());
    let mut blocks =
        page.blocks.iter().filter(|block| block.kind == Ok(Kind::Yaml) && block.text.contains("filters.http.mcp"));
    let [Some(block), None] = [blocks.next(), blocks.next()] else { panic!("one block with the filter") };
    let filters = stepgate_config::to_json(block.text.as_bytes()).unwrap_or_else(|errors| panic!("{errors:?}"));
    filters["http_filters"].as_array().unwrap().clone().try_into().unwrap()
}

/// HTTP filters: those before the gate, the gate, those behind it, the router.
fn chain(name: &str, before: Vec<Value>, behind: Vec<Value>) -> Value {
    let typed = |name: &str, ty: &str, mut config: Value| {
        config["@type"] = format!("type.googleapis.com/{ty}").into();
        json!({"name": name, "typed_config": config})
    };
    let gate = json!({"config": {
        "name": "stepgate",
        "failure_policy": "FAIL_CLOSED",
        "configuration": stepgate_mesh::plugin_configuration(&configuration()),
        "vm_config": {
            "vm_id": name,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": stepgate_tests::trials::module().unwrap()}},
            "environment_variables": {"key_values": environment().0},
        },
    }});
    let gate = typed("stepgate", "envoy.extensions.filters.http.wasm.v3.Wasm", gate);
    let router = typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", json!({}));
    before.into_iter().chain([gate]).chain(behind).chain([router]).collect()
}

/// The filters as the page has them, then the gate.
const CHECKED: &str = "checked";
/// The gate without the filters.
const ALONE: &str = "alone";
/// The filter `mcp` in its default mode, then the gate.
const PASSING: &str = "passing";
/// The filter `mcp` without the other one, then the gate.
const UNREAD: &str = "unread";
/// The gate, then the filters.
const BEHIND: &str = "behind";

/// One Envoy with the tools' gate five times.
struct Tools {
    mesh: Mesh,
    agent: Credential,
    review: Credential,
    mint: Mint,
}

impl Tools {
    fn start(envoy: Option<PathBuf>) -> Result<Self, MeshError> {
        let [mcp, read] = filters();
        let both = || vec![mcp.clone(), read.clone()];
        let mut passing = mcp.clone();
        passing["typed_config"]["traffic_mode"] = "PASS_THROUGH".into();
        let chains = [
            (CHECKED, both(), vec![]),
            (ALONE, vec![], vec![]),
            (PASSING, vec![passing], vec![]),
            (UNREAD, vec![mcp.clone()], vec![]),
            (BEHIND, vec![], both()),
        ];
        let workload = |(name, before, behind): (&str, Vec<Value>, Vec<Value>)| {
            let mut workload = Workload::new(name, TOOLS);
            workload.egress = None;
            workload.inbound.manager.insert("http_filters".into(), chain(name, before, behind));
            workload
        };
        let mut spec = MeshSpec::new(chains.map(workload).to_vec());
        spec.envoys = Envoys::OneForAll;
        spec.envoy = envoy;
        spec.concurrency = 1;
        let mesh = Mesh::start(spec)?;
        let [agent, review] = [AGENT, REVIEW].map(|identity| mesh.authority().issue(&[identity]).unwrap());
        Ok(Self { mesh, agent, review, mint: Mint::new(&configuration(), environment()).unwrap() })
    }

    fn send(&self, gate: &str, who: &Credential, request: &Request, step: Option<&str>) -> Outcome {
        let before = self.mesh.requests_seen(gate).unwrap();
        let shown = step.into_iter().fold(request.clone(), |request, step| request.header("x-workflow-step", step));
        let response = self.mesh.call_directly(Some(who), gate, &shown).unwrap();
        let outcome = match Answer::of(&response, step) {
            // The application got the whole body.
            Answer::Permitted if response.seen().unwrap().body_bytes == request.body.len() => Outcome::Permitted,
            Answer::Denied(code) => Outcome::Denied(code),
            Answer::Odd(_) if response.header("x-workflow-step-start").is_some() => {
                panic!("a refusal began an instance")
            }
            Answer::Odd(_) if [400, 403, 405].contains(&response.status) => Outcome::Refused(response.status),
            other @ (Answer::Permitted | Answer::Passed | Answer::Odd(_)) => panic!("{gate}: {other:?}"),
        };
        let reached = self.mesh.requests_seen(gate).unwrap() > before;
        assert_eq!(reached, outcome == Outcome::Permitted, "{gate}: {outcome:?}");
        outcome
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Permitted,
    Denied(String),
    /// By a filter before or behind the gate, with this status.
    Refused(u16),
}

/// The request that the headers say; `None` leaves one out.
fn headers(version: Option<&str>, method: Option<&str>, name: Option<&str>) -> Request {
    let lines = [("mcp-protocol-version", version), ("mcp-method", method), ("mcp-name", name)];
    let request = Request::new("POST", "/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let there = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    there.fold(request, |request, (name, value)| request.header(name, value))
}

fn call(name: &str) -> Request {
    headers(Some(REVISION), Some("tools/call"), Some(name))
}

fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    })
}

/// The body that calls a tool.
fn body(name: &str) -> Value {
    let params = json!({"name": name, "arguments": {}, "_meta": meta(REVISION)});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

/// A body that calls a tool, with these members in place of its name.
fn members(text: &str) -> String {
    body("_").to_string().replace(r#""name":"_""#, text)
}

/// Each request: what it is, its head and body, then the outcome with the filter and without it.
fn requests() -> Vec<(&'static str, Request, Outcome, Outcome)> {
    use Outcome::{Permitted, Refused};
    let wrong = || Outcome::Denied("WRONG_REQUEST".into());
    let mut older = body("lookup");
    older["params"]["_meta"] = meta("2025-11-25");
    let mut listing = body("lookup");
    listing["method"] = "tools/list".into();
    let mut large = body("lookup");
    large["params"]["arguments"]["text"] = "x".repeat(9000).into();
    let list = || headers(Some(REVISION), Some("tools/list"), None);
    let get = |version| {
        let mut request = headers(version, None, None);
        request.method = "GET".into();
        request.header("mcp-session-id", "1")
    };
    let delete = |version| Request { method: "DELETE".into(), ..get(version) };
    vec![
        ("headers and body agree", call("lookup").body(body("lookup").to_string()), Permitted, Permitted),
        ("another tool in the body", call("lookup").body(body("refund").to_string()), Refused(400), Permitted),
        ("a list in the headers, a call in the body", list().body(body("refund").to_string()), Refused(400), Permitted),
        (
            "a call in the headers, a list in the body",
            call("lookup").body(listing.to_string()),
            Refused(400),
            Permitted,
        ),
        ("another version in the body", call("lookup").body(older.to_string()), Refused(400), Permitted),
        ("a batch", call("lookup").body(json!([body("lookup"), body("refund")]).to_string()), Refused(400), Permitted),
        (
            "two tools, the right one last",
            call("lookup").body(members(r#""name":"refund","name":"lookup""#)),
            Refused(400),
            Permitted,
        ),
        (
            "two tools, the right one first",
            call("lookup").body(members(r#""name":"lookup","name":"refund""#)),
            Refused(400),
            Permitted,
        ),
        ("an escape in a name", call("lookup").body(members(r#""n\u0061me":"refund""#)), Refused(400), Permitted),
        ("no tool in the body", call("lookup").body(members(r#""tool":"refund""#)), Refused(400), Permitted),
        ("not JSON", call("lookup").body("refund"), Refused(400), Permitted),
        (
            "another type of content",
            {
                let mut request = call("lookup").body(body("refund").to_string());
                request.headers[0].1 = b"text/plain".to_vec();
                request
            },
            Refused(400),
            Permitted,
        ),
        ("no body", call("lookup"), Refused(400), Permitted),
        ("more than the filter reads", call("lookup").body(large.to_string()), Refused(400), Permitted),
        // The filter does not compare these. The gate has no task for them.
        (
            "no version",
            headers(None, Some("tools/call"), Some("lookup")).body(body("refund").to_string()),
            wrong(),
            wrong(),
        ),
        (
            "an older version",
            headers(Some("2025-11-25"), Some("tools/call"), Some("lookup")).body(body("refund").to_string()),
            wrong(),
            wrong(),
        ),
        (
            "a newer version",
            headers(Some("2027-07-28"), Some("tools/call"), Some("lookup")).body(body("refund").to_string()),
            wrong(),
            wrong(),
        ),
        (
            "an older version, then the right one",
            headers(Some("2025-11-25"), Some("tools/call"), Some("lookup"))
                .header("mcp-protocol-version", REVISION)
                .body(body("refund").to_string()),
            wrong(),
            wrong(),
        ),
        ("a tool in Base64", call("=?base64?bG9va3Vw?=").body(body("lookup").to_string()), wrong(), wrong()),
        ("the stream of older versions", get(None), Refused(403), wrong()),
        ("the stream, with the version", get(Some(REVISION)), Refused(405), wrong()),
        ("the end of a session of older versions", delete(None), Refused(403), wrong()),
        ("the end of a session, with the version", delete(Some(REVISION)), Refused(405), wrong()),
        // Neither holds this: the page says that the server must.
        (
            "two tools, one under a name in other letters",
            call("lookup").body(members(r#""name":"lookup","Name":"refund""#)),
            Permitted,
            Permitted,
        ),
    ]
}

fn version(envoy: Option<&PathBuf>) -> (u32, u32) {
    let program = envoy.cloned().unwrap_or_else(|| find_envoy().unwrap());
    let output = Command::new(&program).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = text.split('/').find(|part| part.starts_with("1.")).unwrap_or_else(|| panic!("{text}"));
    let mut numbers = number.split('.').map(|n| n.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn the_filter_holds_the_headers_against_the_body() {
    let mut tried = 0;
    for (envoy, _) in proxies().unwrap().into_iter().filter(|(_, workers)| *workers == 1) {
        let version = version(envoy.as_ref());
        let started = Tools::start(envoy);
        if version < FIRST {
            // It does not serve without the comparison.
            let Err(MeshError::NotReady { log, .. }) = started else { panic!("{version:?} knows the filter") };
            assert!(log.contains("http_filters[0]"), "{log}");
            continue;
        }
        tried += 1;
        let tools = started.unwrap_or_else(|error| panic!("{error}"));
        for (what, request, checked, alone) in requests() {
            let outcome = |gate| tools.send(gate, &tools.agent, &request, None);
            assert_eq!(outcome(CHECKED), checked, "{what}");
            assert_eq!(outcome(ALONE), alone, "{what}, without the filter");
            assert_eq!(outcome(PASSING), alone, "{what}, in the default mode");
        }
        a_body_that_ends_with_trailers_is_read_or_refused(&tools);
        a_refused_call_takes_nothing(&tools);
    }
    assert!(tried > 0, "no Envoy from {FIRST:?} on");
}

/// The filter `mcp` lets what it has not read to its end pass on when trailers come.
fn a_body_that_ends_with_trailers_is_read_or_refused(tools: &Tools) {
    let refund = body("refund").to_string();
    let open = refund.strip_suffix('}').unwrap();
    for (what, body, checked, unread) in [
        ("headers and body agree", body("lookup").to_string(), Outcome::Permitted, Outcome::Permitted),
        ("another tool in the body", refund.clone(), Outcome::Refused(400), Outcome::Refused(400)),
        ("a batch", format!("[{refund}]"), Outcome::Refused(403), Outcome::Permitted),
        ("a body without its end", open.to_owned(), Outcome::Refused(403), Outcome::Permitted),
    ] {
        let request = call("lookup").body(body).trailer("x-end", "1").over(Version::Http2);
        let outcomes = [CHECKED, UNREAD].map(|gate| tools.send(gate, &tools.agent, &request, None));
        assert_eq!(outcomes, [checked, unread], "{what}");
    }
}

/// Before the gate, the filters refuse a call before it has taken its transition.
fn a_refused_call_takes_nothing(tools: &Tools) {
    let taken = || Outcome::Denied("ALREADY_TAKEN".into());
    for (gate, then) in [(CHECKED, [Outcome::Permitted, taken()]), (BEHIND, [taken(), taken()])] {
        let step = tools.mint.step(("agent", 1), "review", "now", gate).unwrap();
        let send = |body: Value| tools.send(gate, &tools.review, &call("refund").body(body.to_string()), Some(&step));
        assert_eq!(send(body("search")), Outcome::Refused(400), "{gate}");
        assert_eq!([send(body("refund")), send(body("refund"))], then, "{gate}");
    }
}

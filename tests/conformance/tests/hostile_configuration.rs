//! Configurations of a plugin as a hostile author would write them: the gate is ready soon, and denies all requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stepgate_config::{MAX_INPUT, read_gate};
use stepgate_tests::wasm::{Action, Module, Part, Proxy, ROOT, start};

/// The longest time for reading a configuration, in an unoptimised module, on a busy machine.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 10 });
/// Most memory of a VM that has read one, in bytes: for its text, and for the tree of it.
const MOST_MEMORY: usize = 128 << 20;
const STREAM: u32 = 2;

/// An exemption for everything, which must not apply if the rest is wrong.
const OPEN: &str = "exempt: [{path: /**, peers: anyone}]\nworkflows: []\n";

fn worst() -> Vec<(&'static str, Vec<u8>)> {
    let fill = |unit: &str, size: usize| unit.repeat(size / unit.len());
    let bomb: String = (1..40).fold("k0: &k0 x\n".to_owned(), |text, n| {
        text + &format!("k{n}: &k{n} [{}]\n", vec![format!("*k{}", n - 1); 9].join(", "))
    });
    let guard = |when: &str| {
        format!(
            "workflows:\n  - workflow: w\n    revision: 1\n    trust_domain: t\n    actors: {{a: {{spiffe: [a]}}, b: {{spiffe: [b]}}}}\n    tasks: {{s: {{actor: a, initial: true}}, t: {{actor: b, requests: [{{path: /t}}]}}}}\n    transitions: [{{from: s, to: t, when: '{when}'}}]\n"
        )
    };
    let text = |text: String| text.into_bytes();
    vec![
        ("a bomb of aliases", text(format!("{OPEN}{bomb}"))),
        ("brackets", text(fill("[", MAX_INPUT))),
        ("braces", text(fill("{\"a\":", MAX_INPUT))),
        ("blocks", text(fill("- ", MAX_INPUT))),
        ("zeros", text(format!("[{}0]", fill("0,", MAX_INPUT - 8)))),
        ("unknown keys", text((0..200_000).fold(OPEN.to_owned(), |text, n| text + &format!("exmpt{n}: 1\n")))),
        ("one key again and again", text(format!("{{{}\"exempt\":[]}}", fill("\"exempt\":[],", 1 << 20)))),
        ("a long key", text(format!("{OPEN}{}: 1\n", fill("k", 1 << 20)))),
        ("a document after it", text(format!("{OPEN}---\n{OPEN}"))),
        ("a NUL", text(format!("{OPEN}\0"))),
        ("UTF-16", OPEN.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("no UTF-8", [OPEN.as_bytes(), &[0xff]].concat()),
        ("a deep guard", text(guard(&fill("(", 4000)))),
        ("a guard that multiplies", text(guard(&format!("{}true{}", fill("[1,2,3].all(x, ", 900), fill(")", 60))))),
        ("a long guard", text(guard(&fill("true && ", 1 << 20)))),
        ("a text for true", text(format!("{OPEN}log: {{denials_per_second: 1, permits: yes}}\n"))),
        ("one byte too many", fill(" ", MAX_INPUT + 1).into_bytes()),
        ("nothing", Vec::new()),
    ]
}

#[test]
fn natively_there_is_no_gate() {
    for (name, text) in worst() {
        let begin = Instant::now();
        assert!(read_gate(&text).checked.is_none(), "{name}");
        assert!(begin.elapsed() < LONGEST, "{name}: {:?}", begin.elapsed());
    }
}

/// Not a trap: a proxy may be configured to continue without a plugin that fails.
#[test]
fn in_wasm_the_gate_denies() {
    let path = stepgate_tests::trials::module().unwrap();
    let module = Module::load(&path).unwrap_or_else(|error| panic!("{error}"));
    for (name, text) in worst() {
        let begin = Instant::now();
        let mut vm = module.vm(Proxy::new(&text, BTreeMap::new(), 1_800_000_000)).unwrap();
        start(&mut vm).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (time, memory) = (begin.elapsed(), vm.memory());
        println!("{name}: {time:?}, {} MiB", memory >> 20);
        assert!(time < LONGEST && memory < MOST_MEMORY, "{name}: {time:?}, {memory} bytes");
        let lines = [(":method", "GET"), (":path", "/"), (":authority", "a")];
        let headers = lines.map(|(name, value)| (name.to_owned(), value.into())).to_vec();
        vm.proxy().set(Part::RequestHeaders, headers);
        vm.call("proxy_on_context_create", &[STREAM, ROOT]).unwrap();
        assert_eq!(vm.ask("proxy_on_request_headers", &[STREAM, 3, 1]).unwrap(), Action::Pause, "{name}");
        let answer = vm.proxy().answers.last().unwrap();
        assert_eq!((answer.status, answer.details.as_str()), (403, "stepgate:NO_CONFIG"), "{name}");
    }
}

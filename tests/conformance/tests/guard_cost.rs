//! The time that a guard may take: the worst guards that `check` accepts, on the worst requests, in instructions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use stepgate_config::{read_gate, read_workflow};
use stepgate_decision::Header;
use stepgate_tests::wasm::{Action, Exchange, Module, Proxy, ROOT, count, start};

/// Most instructions that a guard may add to a request, in WebAssembly.
const MOST_WASM: u64 = 150_000_000;
/// Most instructions that a guard may add to a request, natively.
const MOST_NATIVE: u64 = 100_000_000;

/// A guard, and the headers and the path of a request that is its worst.
struct Worst {
    name: &'static str,
    guard: String,
    headers: Vec<(String, String)>,
    path: String,
}

/// Every kind of work that a guard can do, as much of it as `check` accepts.
fn worst() -> Vec<Worst> {
    let header = r#"request.headers["x-a"]"#;
    let many = |part: &str, count: usize| vec![part; count].join(" && ");
    let pattern = |text: &str| format!(r#"!{header}.matches("{text}")"#);
    let full = |text: &str| text.repeat(4096 / text.len());
    let of = |name, build: &dyn Fn(usize) -> String, headers: &[(&str, String)]| Worst {
        name,
        guard: largest(build),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        path: "/t".to_owned(),
    };
    let a = full("a");
    let twice = [("x-a", a.clone()), ("x-b", format!("{}b", "a".repeat(2000)))];
    let one = [("x-a", a.clone())];
    vec![
        of("a pattern of optional parts", &|n| pattern(&format!("(a?){{{n}}}b")), &one),
        of("a pattern of letters", &|n| pattern(&format!("a{{{n}}}b")), &one),
        of("a pattern of branches", &|n| pattern(&format!("({})*b", vec!["a"; n].join("|"))), &one),
        of("a pattern of ranges", &|n| pattern(&format!("[bdfhjlnprtvxz13579acegikmoqsuwy]{{{n}}}#")), &one),
        of("a pattern of looks", &|n| pattern(&format!(r"(\\b|\\B|^|$){{{n}}}#")), &one),
        of("many patterns", &|n| many(&pattern("a{0,3}b"), n), &one),
        of(
            "comparisons",
            &|n| many(r#"request.headers["x-a"] == request.headers["x-b"]"#, n),
            &[("x-a", a.clone()), ("x-b", a.clone())],
        ),
        of("searches", &|n| many(r#"!request.headers["x-a"].contains(request.headers["x-b"])"#, n), &twice),
        of("joined texts", &|n| format!(r#"!({}).contains("b")"#, vec![header; n].join(" + ")), &one),
        of("sizes", &|n| many(&format!("size({header}) > 1"), n), &one),
        of("numbers", &|n| many(&format!("double({header}) > 1.0"), n), &[("x-a", format!("1.{}1", "0".repeat(4000)))]),
        of("durations", &|n| many(&format!(r#"duration({header}) > duration("1ns")"#), n), &[("x-a", full("1ns"))]),
        // As long as a conversion takes, with as many fractions as fit.
        of(
            "fractions of durations",
            &|n| many(&format!(r#"duration({header}) < duration("1ns")"#), n),
            &[("x-a", "1.1h".repeat(16))],
        ),
        of(
            "times",
            &|n| many(&format!("timestamp({header}) < now"), n),
            &[("x-a", format!("2020-01-01T00:00:00.{}Z", "1".repeat(4000)))],
        ),
        of("zones", &|n| many(r#"now.getFullYear("America/Argentina/Buenos_Aires") > 1"#, n), &[]),
        of("a list", &|n| format!("!({header} in [{}])", vec![r#""aaaaa""#; n].join(",")), &one),
        of(
            "texts of numbers",
            &|n| many(&format!(r#"!string(int({header})).matches("({})*b")"#, vec!["0"; 100].join("|")), n),
            &[("x-a", i64::MIN.to_string())],
        ),
        of(
            "many texts of numbers",
            &|n| many(&format!(r#"string(int({header})) != "b""#), n),
            &[("x-a", i64::MIN.to_string())],
        ),
        Worst {
            path: format!("/t?{}", "pageXX&".repeat(127)),
            ..of("many parameters", &|n| names(n, "page", "request.query"), &[])
        },
        Worst {
            path: format!("/t?{}", "p[p[p[p[p[p[p[p[&".repeat(127)),
            ..of("parameters of many parts", &|n| names(n, "page", "request.query"), &[])
        },
        Worst {
            path: format!("/t?{}", "p[p[p[p[p[p[p[p[&".repeat(127)),
            ..of(
                "parameters and a pattern",
                &|n| format!("{} && {}", names(100, "page", "request.query"), pattern(&format!("a{{{n}}}b"))),
                &one,
            )
        },
        of("many headers", &|n| names(n, "x-", "request.headers"), &vec![("x-zz", String::new()); 400]),
    ]
}

/// A guard that names `n` entries of a map.
fn names(n: usize, stem: &str, map: &str) -> String {
    let all: Vec<String> = (0..n).map(|n| format!(r#"!("{stem}{n:02}" in {map})"#)).collect();
    all.join(" && ")
}

/// The largest guard of its kind that is accepted.
fn largest(build: &dyn Fn(usize) -> String) -> String {
    let accepted = |n: &usize| read_workflow(document(&build(*n)).as_bytes()).checked.is_some();
    assert!(accepted(&1), "{} is not accepted", build(1));
    let (mut most, mut refused) = (1_usize, 512_usize);
    while refused - most > 1 {
        let middle = most.midpoint(refused);
        if accepted(&middle) { most = middle } else { refused = middle }
    }
    build(most)
}

fn document(guard: &str) -> String {
    format!(
        "workflow: w\nrevision: 1\ntrust_domain: t\nassurance: identity\nactors: {{a: {{spiffe: [x/a]}}, b: {{spiffe: [x/b]}}}}\n\
         tasks: {{s: {{actor: a, initial: true}}, t: {{actor: b, requests: [{{path: /t}}]}}}}\n\
         transitions: [{{from: s, to: t, when: '{guard}'}}]\n"
    )
}

/// The instructions of one request's headers.
fn in_wasm(module: &Module, worst: &Worst, guard: &str) -> u64 {
    let text = format!("workflows:\n  - {}", document(guard).trim_end().replace('\n', "\n    "));
    assert!(read_gate(text.as_bytes()).checked.is_some(), "{}: the guard is not accepted", worst.name);
    let json = stepgate_config::to_json(text.as_bytes()).unwrap().to_string();
    let mut vm = module.vm(Proxy::new(json.as_bytes(), BTreeMap::new(), 1_800_000_000)).unwrap();
    start(&mut vm).unwrap();
    let header = |name: &str, value: &str| -> Header { (name.to_owned(), value.as_bytes().to_vec()) };
    let own =
        [(":method", "POST"), (":path", &worst.path), (":authority", "b")].map(|(name, value)| header(name, value));
    let headers: Vec<Header> = own.into_iter().chain(worst.headers.iter().map(|(n, v)| header(n, v))).collect();
    let exchange = Exchange::of_headers("spiffe://t/x/a", "spiffe://t/x/b", headers);
    exchange.begin(&mut vm);
    vm.call("proxy_on_context_create", &[2, ROOT]).unwrap();
    let before = vm.instructions();
    let action = vm.ask("proxy_on_request_headers", &[2, count(&exchange.headers), 1]).unwrap();
    let log: Vec<String> = vm.proxy().log.iter().map(|(_, line)| line.clone()).collect();
    let code = vm.proxy().answers.last().map(|answer| answer.details.clone());
    assert!(action == Action::Continue || code.as_deref() == Some("stepgate:GUARD"), "{}: {log:?}", worst.name);
    vm.instructions() - before
}

#[test]
fn in_wasm_a_guard_takes_a_bounded_number_of_instructions() {
    let path = stepgate_tests::trials::module().unwrap();
    let module = Module::metered(&path).unwrap_or_else(|error| panic!("{error}"));
    for worst in worst() {
        let added = in_wasm(&module, &worst, &worst.guard) - in_wasm(&module, &worst, "true");
        println!("{}: {added} instructions", worst.name);
        assert!(added < MOST_WASM, "{}: {added} instructions", worst.name);
    }
}

/// Valgrind counts the instructions of the built command, which decides natively. Where there is no valgrind, the test
/// says so.
#[test]
fn natively_a_guard_takes_a_bounded_number_of_instructions() {
    let command = std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`");
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("not measured: there is no valgrind on this machine");
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let nothing = Worst { name: "no work", guard: "true".to_owned(), headers: Vec::new(), path: "/t".to_owned() };
    let least = natively(&command, file.path(), &nothing);
    for worst in worst() {
        let added = natively(&command, file.path(), &worst).saturating_sub(least);
        println!("{}: {added} instructions", worst.name);
        assert!(added < MOST_NATIVE, "{}: {added} instructions", worst.name);
    }
}

/// The instructions of one decision, without those that read and check the document.
fn natively(command: &OsString, file: &Path, worst: &Worst) -> u64 {
    fs::write(file, document(&worst.guard)).unwrap();
    let mut explain = vec!["--peer", "a", "--self", "b", "--method", "POST", "--path", &worst.path];
    let lines: Vec<String> = worst.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    explain.extend(lines.iter().flat_map(|line| ["--header", line]));
    let (decided, answer) = instructions(command, "explain", file, &explain);
    assert!(answer.contains("PERMIT") || answer.contains("DENY GUARD"), "{}: {answer}", worst.name);
    decided.saturating_sub(instructions(command, "check", file, &[]).0)
}

/// The instructions of a command, and its output.
fn instructions(command: &OsString, subcommand: &str, file: &Path, arguments: &[&str]) -> (u64, String) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(command).arg(subcommand).arg(file);
    let output = valgrind.args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.unwrap_or_else(|| panic!("{said}"));
    (number.trim().parse().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

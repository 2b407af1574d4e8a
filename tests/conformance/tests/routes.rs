//! Which task a request is, on random documents, against applications that read it each in another way: none may run
//! another task than the one that the gate permits, and none a task where the gate exempts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;

use stepgate_config::workflow::RequestPattern;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, UnixTime, Verdict, inbound, request_headers};
use stepgate_tests::random::Rng;

const DOCUMENTS: usize = 12_000;
const REQUESTS: usize = 12;
const METHODS: [&str; 6] =
    ["", "", "methods: [GET], ", "methods: [POST], ", "methods: [GET, HEAD], ", "methods: [HEAD], "];
const HOSTS: [&str; 7] = ["", "", "", "host: h, ", "host: \"h:1\", ", "host: \"h:2\", ", "host: g, "];
const PORTS: [&str; 5] = ["", "", "", "port: 80, ", "port: 90, "];
const PATHS: [&str; 10] = ["/a/b", "/a/{x}", "/{x}/b", "/a/**", "/**", "/{x}/{y}", "/a", "/{x}", "/a/b/**", "/{x}/**"];
/// Paths with a slash at their end, text round a variable, and letters beyond ASCII, beside some of the others.
const SHAPES: [&str; 16] = [
    "/a/b/",
    "/a/{x}/",
    "/a/",
    "/{x}/",
    "/{x}/b/",
    "/a/{x}",
    "/a/b",
    "/a/{x}:g",
    "/a/v{x}",
    "/a/{x}:g/",
    "/a/1:g",
    "/a/v:g",
    "/{x}/{y}:g",
    "/é/{x}",
    "/a/**",
    "/**",
];
const HEADERS: [&str; 6] = [
    "headers: {x-t: r}, ",
    "headers: {x-t: s}, ",
    "headers: {x-t: absent}, ",
    "",
    "",
    "headers: {x-t: r, x-u: absent}, ",
];
const SENT: [&[(&str, &str)]; 10] = [
    &[],
    &[],
    &[("x-t", "r")],
    &[("x-t", "r")],
    &[("x-t", "s")],
    &[("x-t", "R")],
    &[("x-t", "r"), ("x-t", "s")],
    &[("x-t", "r"), ("x_t", "s")],
    &[("x-t", "r"), ("x-u", "r")],
    &[("x_t", "r")],
];

fn one_of<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.below(of.len())]
}

const ASKED: [&str; 9] = ["/a/b", "/a/b/", "/a/c", "/c/b", "/a", "/a/", "/a/b/c", "/z/z/z", "/a/c/"];
const SHAPED: [&str; 22] = [
    "/a/b",
    "/a/b/",
    "/a/c",
    "/c/b",
    "/c/b/",
    "/a",
    "/a/",
    "/a/b/c",
    "/a/c/",
    "/a/1:g",
    "/a/1:g/",
    "/a/:g",
    "/a/1:g:g",
    "/a/1%3Ag",
    "/a/1%3ag:g",
    "/a/v1",
    "/a/vv",
    "/a/v",
    "/a/v1:g",
    "/%C3%A9/1",
    "/%c3%a9/1/",
    "/z/1:g",
];

/// Which forms the documents of one run have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    Plain,
    Shapes,
    Headers,
}

fn pattern(rng: &mut Rng, forms: Forms, named: usize) -> String {
    let (shapes, headers) = (forms == Forms::Shapes, forms == Forms::Headers);
    let parts = [one_of(rng, &METHODS), one_of(rng, &HOSTS), one_of(rng, &PORTS)].concat();
    let parts = if shapes { one_of(rng, &METHODS).to_owned() } else { parts };
    let headers = if headers { one_of(rng, HEADERS.get(..named).unwrap()) } else { "" };
    format!("{parts}{headers}path: \"{}\"", one_of(rng, if shapes { &SHAPES } else { &PATHS }))
}

/// A gate with the workflow `w`, in one revision or two, and perhaps another owner's `v`.
fn document(rng: &mut Rng, forms: Forms) -> String {
    // In most, all tasks name the header: `check` refuses others that overlap.
    let named = if rng.chance(70) { 3 } else { HEADERS.len() };
    let exempt: Vec<String> =
        (0..rng.below(3)).map(|_| format!("{{{}, peers: anyone}}", pattern(rng, forms, named))).collect();
    let mut text = format!("exempt: [{}]\nworkflows:\n", exempt.join(", "));
    let all = [("w", 1), ("w", 2), ("v", 1)];
    for (at, (name, revision)) in all.into_iter().enumerate() {
        if at > 0 && rng.chance(50) {
            continue;
        }
        let _ = write!(
            text,
            "  - workflow: {name}\n    revision: {revision}\n    assurance: identity\n    trust_domain: t\n    \
             actors: {{c: {{spiffe: [c]}}, s: {{spiffe: [s]}}}}\n    tasks:\n      open: {{actor: c, initial: true}}\n"
        );
        let tasks = 2 + rng.below(2);
        for task in 0..tasks {
            let requests: Vec<String> =
                (0..=rng.below(2)).map(|_| format!("{{{}}}", pattern(rng, forms, named))).collect();
            let _ = writeln!(text, "      t{task}: {{actor: s, requests: [{}]}}", requests.join(", "));
        }
        let transitions: Vec<String> = (0..tasks).map(|task| format!("{{from: open, to: t{task}}}")).collect();
        let _ = writeln!(text, "    transitions: [{}]", transitions.join(", "));
    }
    text
}

/// A request, as far as routes depend on it.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    host: &'a str,
    port: Option<u16>,
    headers: &'a [(&'a str, &'a str)],
}

impl Asked<'_> {
    /// The liberties that make a difference for this request.
    fn matter(self) -> u32 {
        let text = self.path.contains([':', 'v', '%']);
        let of = |liberty: u32, matters: bool| u32::from(matters) << liberty;
        0b1_0111
            | of(3, self.host.ends_with('.'))
            | of(5, text)
            | of(6, text)
            | of(7, !self.headers.is_empty())
            | of(8, self.headers.len() > 1 || self.headers.iter().any(|(name, _)| name.contains('_')))
    }
}

/// How an application reads a request: each bit is one liberty.
#[derive(Debug, Clone, Copy)]
struct Application(u32);

impl Application {
    fn takes(self, liberty: u32) -> bool {
        self.0 & (1 << liberty) != 0
    }

    fn matches(self, pattern: &RequestPattern, asked: Asked<'_>) -> bool {
        let method = if self.takes(0) { asked.method.to_ascii_uppercase() } else { asked.method.to_owned() };
        let head = self.takes(1) && method == "HEAD";
        let decoded =
            if self.takes(5) { asked.path.replace("%3A", ":").replace("%3a", ":") } else { asked.path.to_owned() };
        let decoded = decoded.replace("%C3%A9", "é").replace("%c3%a9", "é");
        let host = if self.takes(3) { asked.host.trim_end_matches('.') } else { asked.host };
        let name = |host: &str| host.split(':').next().map(str::to_owned);
        let by_name = |wanted: &str| self.takes(4) || !wanted.contains(':');
        let methods = &pattern.methods;
        (methods.is_empty() || methods.iter().any(|one| one.as_str() == method || (head && one.as_str() == "GET")))
            && pattern.host.as_deref().is_none_or(|w| if by_name(w) { name(w) == name(host) } else { w == host })
            && pattern.port.is_none_or(|port| asked.port.is_none_or(|own| own == port))
            && pattern.path.as_ref().is_some_and(|pattern| self.matches_path(&pattern.to_string(), &decoded))
            && pattern.headers.iter().all(|(name, rule)| self.has_header(name, rule.value(), asked.headers))
    }

    fn matches_path(self, pattern: &str, path: &str) -> bool {
        // One that ignores the slash at the end of a request has no routes that end with one.
        let trim = |path: &str| if self.takes(2) { path.trim_end_matches('/').to_owned() } else { path.to_owned() };
        let (pattern, path) = (trim(pattern), trim(path));
        let (wanted, given): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
        let one = |(wanted, given): (&&str, &&str)| match wanted.split_once('{') {
            None => wanted == given,
            Some((before, rest)) => {
                let after = rest.split_once('}').unwrap().1;
                let Some(inner) = given.strip_prefix(before) else { return false };
                match inner.strip_suffix(after) {
                    // As an expression `.*` would, or as the document says.
                    Some(variable) if self.takes(6) => !(variable.is_empty() && before.is_empty() && after.is_empty()),
                    Some(variable) => {
                        let has = |text: &str| !text.is_empty() && variable.contains(text);
                        !variable.is_empty() && !has(before) && !has(after)
                    }
                    None => false,
                }
            }
        };
        match wanted.split_last() {
            Some((&"**", head)) => {
                given.len() > head.len() && !given[head.len()].is_empty() && head.iter().zip(&given).all(one)
            }
            _ => wanted.len() == given.len() && wanted.iter().zip(&given).all(one),
        }
    }

    fn has_header(self, name: &str, wanted: Option<&str>, sent: &[(&str, &str)]) -> bool {
        let is = |other: &str| other == name || (self.takes(8) && other.replace('_', "-") == name);
        let mut lines = sent.iter().filter(|(other, _)| is(other)).map(|(_, value)| *value);
        let value = if self.takes(8) { lines.next_back() } else { lines.next() };
        value.map(str::len) == wanted.map(str::len)
            && value.zip(wanted).is_none_or(|(a, b)| a == b || (self.takes(7) && a.eq_ignore_ascii_case(b)))
    }

    /// The routes that it may run: of those that match, the ones that contain no other.
    fn runs<'r>(self, routes: &'r [Route], asked: Asked<'_>, exempt: bool) -> Vec<(&'r str, RequestPattern)> {
        let read = |pattern: &RequestPattern| match (exempt, self.takes(4)) {
            // Exemptions and tasks are compared whatever hosts they name.
            (true, _) => pattern.of_any_host(),
            (false, true) => pattern.of_any_host_port(),
            (false, false) => pattern.clone(),
        };
        let seen: Vec<_> = routes.iter().filter(|(_, pattern)| self.matches(pattern, asked)).collect();
        let seen: Vec<_> = seen.into_iter().map(|(name, pattern)| (name.as_str(), read(pattern))).collect();
        let wider = |one: &RequestPattern, other: &RequestPattern| one.contains(other) && !other.contains(one);
        seen.iter().filter(|(_, one)| !seen.iter().any(|(_, other)| wider(one, other))).cloned().collect()
    }
}

type Route = (String, RequestPattern);

fn routes(gate: &Gate) -> Vec<Route> {
    let config = gate.config();
    let tasks = config.workflows.iter().flat_map(|workflow| {
        let named = move |task: &str| format!("{} {task}", workflow.name);
        workflow
            .tasks
            .values()
            .flat_map(move |task| task.requests.iter().map(move |one| (named(task.name.as_str()), one.normal())))
    });
    tasks.chain(config.exempt.iter().map(|one| ("exempt".to_owned(), one.request.normal()))).collect()
}

#[test]
fn no_application_runs_another_task() {
    let (permits, exempts) = run(Forms::Plain, 11, DOCUMENTS);
    assert!(permits > 1_000 && exempts > 200, "{permits} permits, {exempts} exempt");
}

#[test]
fn no_application_runs_another_task_of_a_path_with_another_end_or_text_round_a_variable() {
    let (permits, exempts) = run(Forms::Shapes, 12, DOCUMENTS / 2);
    assert!(permits > 400 && exempts > 100, "{permits} permits, {exempts} exempt");
}

#[test]
fn no_application_runs_another_task_that_a_header_tells_apart() {
    let (permits, exempts) = run(Forms::Headers, 13, DOCUMENTS / 2);
    assert!(permits > 400 && exempts > 100, "{permits} permits, {exempts} exempt");
}

/// How many requests were permitted, and how many exempt.
fn run(forms: Forms, seed: u64, documents: usize) -> (usize, usize) {
    let mut rng = Rng::new(seed);
    let (mut permits, mut exempts) = (0, 0);
    for _ in 0..documents {
        let text = document(&mut rng, forms);
        let Ok((config, _)) = stepgate_config::read_gate(text.as_bytes()).into_result() else { continue };
        let gate = Gate::new(config, &|_| None).unwrap().0;
        let routes = routes(&gate);
        for _ in 0..REQUESTS {
            let asked = Asked {
                method: one_of(&mut rng, &["GET", "POST", "HEAD", "get", "PUT", "head", "Post"]),
                path: one_of(&mut rng, if forms == Forms::Shapes { &SHAPED } else { &ASKED }),
                host: one_of(&mut rng, &["h", "h:1", "h:2", "h:3", "g", "g:1", "k", "h."]),
                port: [Some(80), Some(90), None][rng.below(3)],
                headers: if forms == Forms::Headers { SENT[rng.below(SENT.len())] } else { &[] },
            };
            let step = one_of(&mut rng, &["w/1/open", "w/2/open", "v/1/open"]);
            let lines = asked.headers.iter().copied().chain([("x-workflow-step", step)]);
            let headers = request_headers(asked.method, asked.path, asked.host, lines);
            let now = UnixTime::from_seconds(1_800_000_000);
            let received = Facts::received(Some("spiffe://t/c"), "spiffe://t/s", headers, now, [7; 32]);
            let facts = Facts { port: asked.port, ..received };
            let task = match inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default()) {
                Verdict::Permitted(permit) => {
                    permits += 1;
                    let transition = permit.audit().transition.clone().unwrap();
                    format!("{} {}", step.get(..1).unwrap(), transition.rsplit(' ').next().unwrap())
                }
                Verdict::Exempt(_) => {
                    exempts += 1;
                    "exempt".to_owned()
                }
                Verdict::Denied(_) | Verdict::Observed(..) => continue,
            };
            for application in (0..1 << 9).filter(|liberties| liberties & !asked.matter() == 0).map(Application) {
                let runs = application.runs(&routes, asked, task == "exempt");
                // Where patterns are equal, the token says which task it is. A route that is exempt needs no step.
                let equal = |other: &RequestPattern| {
                    let alike = |one: &RequestPattern| one.contains(other) && other.contains(one);
                    task != "exempt" && runs.iter().any(|(name, one)| *name == task && alike(one))
                };
                let other = |name: &str| name != task && name != "exempt";
                let wrong = runs.iter().find(|(name, one)| other(name) && !equal(one));
                assert!(wrong.is_none(), "{asked:?} is {task}, but {application:?} runs {wrong:?}\n{text}");
            }
        }
    }
    (permits, exempts)
}

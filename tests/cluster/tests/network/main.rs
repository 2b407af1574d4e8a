//! The NetworkPolicies of `stepgate render istio` in a real cluster that enforces them: which pod reaches which address.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::fs;
use std::io::Write;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use stepgate_cluster_tests::{Error, Programs, Registry, Result, WholeCluster, leave_out, run, until};

/// The gateway calls the shop, the shop the bank, and the bank an actor that is outside the cluster.
const TOUR: &str = "
workflow: tour
revision: 1
trust_domain: cluster.local
actors:
  edge: {spiffe: [ns/ingress/sa/edge]}
  shop: {spiffe: [ns/shop/sa/shop], hosts: [shop.shop.svc.cluster.local]}
  bank: {spiffe: [ns/bank/sa/bank]}
  post: {spiffe: ['spiffe://else.where/ns/post/sa/post']}
tasks:
  call: {actor: edge, initial: true}
  buy:  {actor: shop, requests: [{methods: [POST], path: /buy}]}
  pay:  {actor: bank, requests: [{methods: [POST], path: /pay}]}
  send: {actor: post, requests: [{methods: [POST], path: /send}]}
transitions:
  - {from: call, to: buy}
  - {from: buy, to: pay}
  - {from: pay, to: send}
";

/// Pods by namespace and name, with a label. The front is the gateway; the stray has the label that it would have
/// without `--entry-labels`. The twin has the shop's label in another namespace.
const PODS: [(&str, &str, &str, &str); 8] = [
    ("ingress", "front", "istio", "ingress"),
    ("ingress", "stray", "app", "edge"),
    ("shop", "shop", "app", "shop"),
    ("shop", "desk", "app", "desk"),
    ("bank", "bank", "app", "bank"),
    ("own-dns", "dns", "app", "dns"),
    ("elsewhere", "twin", "app", "shop"),
    ("elsewhere", "post", "app", "post"),
];
const PORT: u16 = 8080;
const DNS: u16 = 5353;

/// Caller, called one, port, and whether the policies let the connection through.
const CONNECTIONS: [(&str, &str, u16, bool); 19] = [
    ("front", "shop", PORT, true),
    ("stray", "shop", PORT, false),
    ("front", "bank", PORT, false),
    ("shop", "bank", PORT, true),
    ("desk", "bank", PORT, false),
    ("twin", "bank", PORT, false),
    ("twin", "shop", PORT, false),
    ("bank", "shop", PORT, false),
    ("desk", "shop", PORT, true),
    ("shop", "desk", PORT, true),
    ("shop", "dns", DNS, true),
    ("shop", "dns", PORT, false),
    ("bank", "dns", DNS, true),
    ("bank", "post", PORT, true),
    ("shop", "post", PORT, false),
    ("shop", "twin", PORT, false),
    ("shop", "registry", 5000, true),
    ("twin", "post", PORT, true),
    // No actor of the tour is in these namespaces.
    ("dns", "post", PORT, true),
];

const SERVE: &str = "import http.server as h, threading, signal, sys\n\
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n\
    for port in (8080, 5353):\n    \
        threading.Thread(target=h.ThreadingHTTPServer(('', port), h.BaseHTTPRequestHandler).serve_forever).start()\n";
const CONNECT: &str = "import socket, sys\n\
    for at in sys.argv[1:]:\n    \
        address, port = at.split(',')\n    \
        try:\n        \
            socket.create_connection((address, int(port)), 2).close()\n        \
            print('yes')\n    \
        except OSError:\n        \
            print('no')\n";
const SOON: Duration = Duration::from_secs(90);

fn main() -> ExitCode {
    let name = "NetworkPolicies that are enforced".to_owned();
    let programs = match Programs::find() {
        Ok(programs) => programs,
        Err(error) => return leave_out("a real cluster", &[name], &error),
    };
    match connections(&programs) {
        Ok(()) => {
            println!("ok      {} connections\n\n1 passed, 0 failed, 0 left out", CONNECTIONS.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("FAILED  {name}\n  {error}\n\n0 passed, 1 failed, 0 left out");
            ExitCode::FAILURE
        }
    }
}

fn connections(programs: &Programs) -> Result<()> {
    let cluster = WholeCluster::start(programs)?;
    cluster.while_healthy(|| {
        start_pods(&cluster)?;
        let all: Vec<bool> = CONNECTIONS.iter().map(|_| true).collect();
        expect(&cluster, "every connection without policies", &all)?;
        apply(&cluster, programs)?;
        let some: Vec<bool> = CONNECTIONS.iter().map(|(_, _, _, allowed)| *allowed).collect();
        expect(&cluster, "the connections that the policies allow", &some)
    })
}

fn start_pods(cluster: &WholeCluster) -> Result<()> {
    let pods = PODS.map(|(namespace, name, key, value)| {
        let pod = serde_json::json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {key: value}},
            "spec": {
                "automountServiceAccountToken": false,
                "containers": [{"name": "app", "image": "python:3-slim", "imagePullPolicy": "IfNotPresent", "command": ["python3", "-c", SERVE]}],
            },
        });
        let space = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        format!("{space}\n---\n{pod}\n---\n")
    });
    // A namespace has its service account a moment after it was made.
    until(SOON, "the pods to be created", || {
        shell(cluster, "kubectl apply --server-side -f -", &pods.concat()).map(Some)
    })?;
    for (namespace, name, _, _) in PODS {
        shell(cluster, &format!("kubectl -n {namespace} wait --for=condition=Ready --timeout=120s pod/{name}"), "")?;
    }
    Ok(())
}

/// Renders and applies the policies alone.
fn apply(cluster: &WholeCluster, programs: &Programs) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |below: &str| folder.path().join(below).display().to_string();
    fs::write(path("tour.yaml"), TOUR)?;
    let peer = format!("post={}/32", address(cluster, "post")?);
    let flags = ["--dns", "own-dns:5353", "--entry", "edge=tour.example", "--entry-labels", "edge=istio=ingress"];
    let registry = format!("{}/32", Registry::address().ip());
    let (tour, out) = (path("tour.yaml"), path("deploy"));
    let more = ["--out", &out, "--peer", &peer, "--registry-cidr", &registry];
    run(&programs.stepgate, &[&["render", "istio", &tour], &flags[..], &more].concat(), None)?;
    fs::write(path("kustomization.yaml"), "components: [deploy/components/network]\n")?;
    shell(cluster, &format!("kubectl apply --server-side -k {}", folder.path().display()), "").map(drop)
}

fn expect(cluster: &WholeCluster, what: &str, expected: &[bool]) -> Result<()> {
    until(SOON, what, || {
        let got = connect(cluster)?;
        let wrong: Vec<String> = CONNECTIONS
            .iter()
            .zip(got.iter().zip(expected))
            .filter(|(_, (got, expected))| got != expected)
            .map(|((from, to, port, _), (got, _))| format!("{from} to {to}:{port} is {got}"))
            .collect();
        if wrong.is_empty() { Ok(Some(())) } else { Err(Error::new(wrong.join(", "))) }
    })
}

/// Whether each connection can be made.
fn connect(cluster: &WholeCluster) -> Result<Vec<bool>> {
    let mut connected = vec![false; CONNECTIONS.len()];
    for (namespace, name, _, _) in PODS {
        let own: Vec<usize> = (0..CONNECTIONS.len()).filter(|at| CONNECTIONS[*at].0 == name).collect();
        let mut line = format!("kubectl -n {namespace} exec {name} -- python3 -c \"$(cat)\"");
        for at in &own {
            let (_, to, port, _) = CONNECTIONS[*at];
            line.push_str(&format!(" {},{port}", address(cluster, to)?));
        }
        if !own.is_empty() {
            let said = shell(cluster, &line, CONNECT)?;
            own.iter().zip(said.lines()).for_each(|(at, answer)| connected[*at] = answer == "yes");
        }
    }
    Ok(connected)
}

fn address(cluster: &WholeCluster, name: &str) -> Result<String> {
    match PODS.iter().find(|(_, pod, _, _)| *pod == name) {
        Some((namespace, _, _, _)) => {
            let line = format!("kubectl -n {namespace} get pod {name} -o jsonpath='{{.status.podIP}}'");
            shell(cluster, &line, "")
        }
        None => Ok(Registry::address().ip().to_string()),
    }
}

/// Runs a line of shell as the administrator of the cluster.
fn shell(cluster: &WholeCluster, line: &str, input: &str) -> Result<String> {
    let mut bash = cluster.command("bash");
    bash.args(["-e", "-o", "pipefail", "-c", line]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = bash.spawn()?;
    child.stdin.take().expect("a pipe").write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(Error::new(format!("{line}: {said}{}", String::from_utf8_lossy(&output.stderr))))
}

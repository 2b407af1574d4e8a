//! The corpus in the module: each case has a VM of its own, so its record is empty.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use stepgate_config::gate::PeerSource;
use stepgate_config::workflow::Assurance;
use stepgate_decision::{Header, UnixTime};

use super::fault::Function;
use super::proxy::{Part, Proxy};
use super::{Action, Module, Vm};
use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;
use crate::prepared::{Prepared, requests};
use crate::steps::REPLICA;

/// The plugin's context.
pub const ROOT: u32 = 1;

/// `envoy.config.core.v3.TrafficDirection`.
const INBOUND: i64 = 1;
const OUTBOUND: i64 = 2;

/// The cost of one request and its response to the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// The module's calls of the proxy.
    pub calls: BTreeMap<Function, usize>,
    /// The module's instructions, as wasmtime counts them; 0 if it is not metered.
    pub instructions: u64,
}

impl Cost {
    /// The result of this run of the module, and its cost.
    ///
    /// # Errors
    /// Those of the run.
    pub fn of<T>(vm: &mut Vm, run: impl FnOnce(&mut Vm) -> Result<T, String>) -> Result<(T, Self), String> {
        let (calls_before, instructions) = (vm.proxy().calls.len(), vm.instructions());
        let result = run(vm)?;
        let instructions = vm.instructions().saturating_sub(instructions);
        let mut calls = BTreeMap::new();
        for call in vm.proxy().calls.iter().skip(calls_before) {
            let count: &mut usize = calls.entry(*call).or_default();
            *count = count.saturating_add(1);
        }
        Ok((result, Self { calls, instructions }))
    }
}

/// The module, and the corpus that it runs.
pub struct Subject<'a> {
    corpus: &'a Corpus,
    module: &'a Module,
    has_crypto: bool,
    asked: AtomicUsize,
}

impl<'a> Subject<'a> {
    /// A subject of this module, in a proxy with or without crypto of its own.
    pub fn new(corpus: &'a Corpus, module: &'a Module, has_crypto: bool) -> Self {
        Self { corpus, module, has_crypto, asked: AtomicUsize::new(0) }
    }

    /// Runs one case at the given time.
    ///
    /// # Errors
    /// If the case cannot be run, or the module traps.
    pub fn run(&self, whole: &Whole, now: UnixTime) -> Result<Outcome, String> {
        let (outcome, cost) = self.measured(whole, now)?;
        let asked = [Function::Verify, Function::Sign].iter().filter_map(|crypto| cost.calls.get(crypto)).sum();
        self.asked.fetch_add(asked, Ordering::Relaxed);
        Ok(outcome)
    }

    /// The same, with the cost of the last request and its response.
    ///
    /// # Errors
    /// If the case cannot be run, or the module traps.
    pub fn measured(&self, whole: &Whole, now: UnixTime) -> Result<(Outcome, Cost), String> {
        let mut proxy = proxy_for(self.corpus, whole, now)?;
        proxy.has_crypto = self.has_crypto;
        let mut vm = self.module.vm(proxy)?;
        start(&mut vm)?;
        let requests = requests(self.corpus, whole, now, "")?;
        let (last, before) = requests.split_last().ok_or("no request")?;
        for (stream, request) in (2..).zip(before) {
            let exchange = Exchange::of(self.corpus, whole, request)?;
            exchange.run(&mut vm, stream)?.check_before(request)?;
        }
        if self.module.metered {
            stranger(&mut vm)?;
        }
        let exchange = Exchange::of(self.corpus, whole, last)?;
        let (outcome, cost) = Cost::of(&mut vm, |vm| exchange.run(vm, u32::MAX))?;
        let trouble = vm.proxy().log.iter().find(|(_, line)| line.contains("the proxy's crypto failed"));
        if let Some((_, line)) = trouble {
            return Err(line.clone());
        }
        Ok((outcome, cost))
    }

    /// How many calls for signatures (to sign, or to verify) the proxy got, in all streams of the cases so far.
    pub fn signatures_asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// A request that is denied: after it the module has all that it keeps for later requests.
///
/// # Errors
/// If the module traps.
pub fn stranger(vm: &mut Vm) -> Result<(), String> {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let headers = vec![header(":method", "GET"), header(":path", "/"), header(":authority", "a")];
    let mut exchange = Exchange::of_headers("spiffe://a/b", "spiffe://a/c", headers);
    exchange.properties.clear();
    exchange.run(vm, u32::MAX - 1).map(drop)
}

/// The proxy of a case: its gate's configuration, the corpus's keys.
///
/// # Errors
/// Returns a message that says what failed.
pub fn proxy_for(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Proxy, String> {
    let gate = corpus.gate(whole)?;
    let configuration = stepgate_mesh::configuration_text(&gate.text);
    let mut proxy = Proxy::new(configuration.as_bytes(), corpus.environment.0.clone(), now.seconds());
    // Only at `once` does it matter which replica the proxy is.
    let mut workflows = gate.config.iter().flat_map(|config| &config.workflows);
    if workflows.any(|workflow| workflow.assurance == Assurance::Once) {
        proxy.shared.insert("stepgate/1/replica".to_owned(), (REPLICA.into(), 1));
    }
    Ok(proxy)
}

/// From the first call up to the configuration.
///
/// # Errors
/// If the module traps.
pub fn start(vm: &mut Vm) -> Result<(), String> {
    vm.call("_initialize", &[])?;
    vm.call("proxy_on_context_create", &[ROOT, 0])?;
    vm.call("proxy_on_vm_start", &[ROOT, 0])?;
    configure(vm)
}

/// Passes the configuration to the module.
///
/// # Errors
/// If the module traps, or does not accept it: the proxy might continue without the filter.
pub fn configure(vm: &mut Vm) -> Result<(), String> {
    let size = u32::try_from(vm.proxy().configuration.len()).map_err(|error| error.to_string())?;
    match vm.call("proxy_on_configure", &[ROOT, size])? {
        Some(1) => Ok(()),
        other => Err(format!("the module answers {other:?} to its configuration")),
    }
}

/// One request, and the answer that the application would give.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The properties of the connection.
    pub properties: Vec<(String, Vec<u8>)>,
    /// The request.
    pub headers: Vec<Header>,
    /// Its trailers.
    pub trailers: Vec<Header>,
    /// The application's answer.
    pub response: Vec<Header>,
    /// Its trailers.
    pub response_trailers: Vec<Header>,
    /// Whether it could not be delivered: the answer is then the proxy's own.
    pub undelivered: bool,
}

impl Exchange {
    /// A request of this peer to this workload over mTLS, of which only the headers are played.
    pub fn of_headers(peer: &str, own: &str, headers: Vec<Header>) -> Self {
        let properties = [
            ("xds\0listener_direction", INBOUND.to_le_bytes().to_vec()),
            ("connection\0mtls", vec![1]),
            ("connection\0uri_san_local_certificate", own.as_bytes().to_vec()),
            ("connection\0uri_san_peer_certificate", peer.as_bytes().to_vec()),
        ];
        Self {
            properties: properties.map(|(path, value)| (path.to_owned(), value)).into(),
            headers,
            trailers: Vec::new(),
            response: Vec::new(),
            response_trailers: Vec::new(),
            undelivered: false,
        }
    }

    /// The exchange of a case's request.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn of(corpus: &Corpus, whole: &Whole, request: &Prepared) -> Result<Self, String> {
        let config = corpus.gate(whole)?.config.as_ref();
        let direction = if request.outbound { OUTBOUND } else { INBOUND };
        let mut properties = vec![
            ("xds\0listener_direction".to_owned(), direction.to_le_bytes().to_vec()),
            ("connection\0mtls".to_owned(), vec![u8::from(request.peer.is_some())]),
            ("connection\0uri_san_local_certificate".to_owned(), request.own.clone().into_bytes()),
        ];
        let port = request.port.map(|port| i64::from(port).to_le_bytes().to_vec());
        properties.extend(port.map(|port| ("destination\0port".to_owned(), port)));
        let cluster = request.cluster.clone().map(String::into_bytes);
        properties.extend(cluster.map(|cluster| ("xds\0cluster_name".to_owned(), cluster)));
        if let Some(peer) = &request.peer {
            let path = match config.map(|config| &config.peer_source) {
                Some(PeerSource::FilterState(key)) => format!("filter_state\0{key}"),
                Some(PeerSource::Connection) | None => "connection\0uri_san_peer_certificate".to_owned(),
            };
            properties.push((path, peer.clone().into_bytes()));
        }
        let headers = request.proxy_headers();
        let (mut response, mut response_trailers) = answer(&headers);
        if request.undelivered {
            (response, response_trailers) = (vec![(":status".to_owned(), b"503".to_vec())], Vec::new());
        }
        let trailers = request.proxy_trailers();
        Ok(Self { properties, headers, trailers, response, response_trailers, undelivered: request.undelivered })
    }

    /// Runs it from its first callback to its last.
    ///
    /// # Errors
    /// If the module traps, continues a request that it rejects, or rejects one and does not answer.
    pub fn run(&self, vm: &mut Vm, stream: u32) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        self.begin(vm);
        let answers = vm.proxy().answers.len();
        vm.call("proxy_on_context_create", &[stream, ROOT])?;
        let action = vm.ask("proxy_on_request_headers", &[stream, count(&self.headers), 1])?;
        match (action, vm.proxy().answers.get(answers)) {
            (Action::Pause, Some(answer)) => {
                let code = answer.details.strip_prefix("stepgate:").ok_or("a denial without a code")?;
                outcome.denied = Some(code.to_owned());
            }
            (Action::Continue, None) => {
                if !self.undelivered {
                    outcome.seen = Some(words(vm.proxy().part(Part::RequestHeaders)));
                }
                let observed = vm.proxy().log.iter().rev().find_map(|(_, line)| observed(line));
                outcome.observed = observed;
                self.come_back(vm, stream, &mut outcome)?;
            }
            (action, answer) => return Err(format!("{action:?} with {answer:?}")),
        }
        vm.call("proxy_on_done", &[stream])?;
        vm.call("proxy_on_log", &[stream])?;
        vm.call("proxy_on_delete", &[stream])?;
        Ok(outcome)
    }

    /// What the proxy says of the request when its response begins.
    pub fn delivery(&self) -> Vec<(String, Vec<u8>)> {
        if self.undelivered { not_connected() } else { answered() }
    }

    /// The proxy's state when the request arrives.
    pub fn begin(&self, vm: &mut Vm) {
        let proxy = vm.proxy();
        proxy.properties = self.properties.iter().cloned().collect();
        proxy.headers.clear();
        proxy.set(Part::RequestHeaders, self.headers.clone());
    }

    fn come_back(&self, vm: &mut Vm, stream: u32, outcome: &mut Outcome) -> Result<(), String> {
        let goes_on = |what: &str, action| match action {
            Action::Continue => Ok(()),
            Action::Pause => Err(format!("{what} did not go on")),
        };
        if !self.trailers.is_empty() {
            vm.proxy().set(Part::RequestTrailers, self.trailers.clone());
            let arguments = [stream, count(&self.trailers)];
            goes_on("the request", vm.ask("proxy_on_request_trailers", &arguments)?)?;
            outcome.trailers = words(vm.proxy().part(Part::RequestTrailers));
        }
        let proxy = vm.proxy();
        proxy.properties.extend(self.delivery());
        proxy.set(Part::ResponseHeaders, self.response.clone());
        goes_on("the response", vm.ask("proxy_on_response_headers", &[stream, count(&self.response), 0])?)?;
        if !self.response_trailers.is_empty() {
            vm.proxy().set(Part::ResponseTrailers, self.response_trailers.clone());
            let arguments = [stream, count(&self.response_trailers)];
            goes_on("the trailers", vm.ask("proxy_on_response_trailers", &arguments)?)?;
        }
        let found = |vm: &mut Vm, part, name: &str| {
            let value = vm.proxy().part(part).iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            value.map(|value| String::from_utf8_lossy(&value).into_owned())
        };
        outcome.start = found(vm, Part::ResponseHeaders, "x-workflow-step-start");
        outcome.receipt = found(vm, Part::ResponseHeaders, "x-workflow-step")
            .or_else(|| found(vm, Part::ResponseTrailers, "x-workflow-step"));
        Ok(())
    }
}

/// A property: its path, joined with zeros, and its value.
type Property = (String, Vec<u8>);

/// What Envoy says of a request that the application has answered.
fn answered() -> Vec<Property> {
    properties("via_upstream", 0, Some("127.0.0.1:4711"))
}

/// What Envoy says of a request for which it found no connection (UF).
fn not_connected() -> Vec<Property> {
    properties("upstream_reset_before_response_started{remote_connection_failure}", 0x20, None)
}

fn properties(details: &str, flags: i64, local: Option<&str>) -> Vec<Property> {
    let known = [
        ("response\0code_details", details.as_bytes().to_vec()),
        ("response\0flags", flags.to_le_bytes().to_vec()),
        ("upstream\0request_attempt_count", 1_u64.to_le_bytes().to_vec()),
    ];
    let local = local.map(|address| ("upstream\0local_address", address.into()));
    known.into_iter().chain(local).map(|(path, value)| (path.to_owned(), value)).collect()
}

/// The number of headers, as the ABI passes it.
pub fn count(headers: &[Header]) -> u32 {
    u32::try_from(headers.len()).unwrap_or(u32::MAX)
}

/// The application's answer, which the request specifies (see the mesh's small service).
fn answer(request: &[Header]) -> (Vec<Header>, Vec<Header>) {
    let told = |name: &str| -> Vec<String> {
        let lines = request.iter().filter(|(n, _)| n == name);
        lines.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let lines = |name: &str| -> Vec<Header> {
        let split = told(name);
        split.iter().filter_map(|line| line.split_once(':')).map(|(n, v)| header(n.trim(), v.trim())).collect()
    };
    let grpc = told("content-type").iter().any(|value| value.starts_with("application/grpc"));
    let tunnel = !told("upgrade").is_empty();
    let status = if tunnel { "101" } else { "200" }.to_owned();
    let status = told("x-lab-status").pop().unwrap_or(status);
    let mut headers = vec![header(":status", &status)];
    let mut trailers = lines("x-lab-response-trailer");
    if grpc {
        headers.push(header("content-type", "application/grpc"));
        trailers.push(header("grpc-status", &told("x-lab-grpc-status").pop().unwrap_or_else(|| "0".to_owned())));
    }
    headers.extend(lines("x-lab-response-header"));
    (headers, trailers)
}

fn words(headers: &[Header]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect()
}

/// The code in a line of the log about a denial that was only observed.
fn observed(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let member = |name: &str| line.get(name).and_then(serde_json::Value::as_str);
    (member("mode") == Some("observe")).then(|| member("code")).flatten().map(str::to_owned)
}

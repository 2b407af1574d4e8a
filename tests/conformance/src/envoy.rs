//! The second subject: the module in a real Envoy, behind real mTLS.
//!
//! One Envoy hosts a listener for each combination of gate, own identity and path normalisation in the corpus. The
//! cases call it from outside with a certificate of their peer. HTTP/1 requests are written byte by byte.

mod answered;
mod message;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use stepgate_decision::UnixTime;
use stepgate_mesh::{
    CallError, ClientCertificate, Credential, Egress, Envoys, Inbound, Mesh, MeshError, MeshSpec, PathNormalization,
    Plugin, Response, Seen, Workload,
};

use crate::case::Normalization;
use crate::corpus::{Corpus, Whole};
use crate::der;
use crate::outcome::Outcome;
use crate::prepared::{Prepared, UNDELIVERED, before, requests};
use answered::Answered;

/// The module in an Envoy that hosts every gate of the corpus.
#[derive(Debug)]
pub struct Subject<'a> {
    corpus: &'a Corpus,
    mesh: Mesh,
    sites: BTreeMap<Site, String>,
    credentials: BTreeMap<String, Credential>,
    answered: Vec<Answered>,
}

/// The properties that distinguish listeners.
type Site = (String, String, Normalization);

impl<'a> Subject<'a> {
    /// Starts an Envoy with this many workers; `None` is the one that the mesh finds.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn start(corpus: &'a Corpus, module: PathBuf, envoy: Option<PathBuf>, workers: u32) -> Result<Self, String> {
        let mut sites: BTreeMap<Site, String> = BTreeMap::new();
        let mut workloads = Vec::new();
        for (whole, request) in played(corpus)? {
            let name = format!("gate-{}", sites.len());
            let site = sites.entry(site(whole, &request)).or_insert_with(|| {
                // A listener costs time at the start: most gates need no outbound one.
                workloads.push(Workload { egress: None, ..Workload::new(name.clone(), request.own.clone()) });
                if let [first] = workloads.as_mut_slice() {
                    first.inbound.clusters = vec![nobody()];
                }
                name
            });
            let workload = workloads.iter_mut().find(|workload| workload.name == *site).ok_or("a gate is missing")?;
            let plugin = Plugin {
                module: module.clone(),
                configuration: corpus.gate(whole)?.text.clone(),
                environment: corpus.environment.0.clone(),
            };
            if request.outbound {
                workload.egress = Some(Egress { plugin: Some(plugin.clone()), ..Egress::default() });
            }
            let mut ports = std::mem::take(&mut workload.inbound.ports);
            ports.extend(request.port.filter(|port| !ports.contains(port)));
            workload.inbound = Inbound {
                ports,
                application: None,
                plugin: Some(plugin),
                client_certificate: ClientCertificate::Optional,
                path_normalization: path_normalization(whole),
                manager: manager(),
                filters: Vec::new(),
                routes: to_nobody(),
                clusters: workload.inbound.clusters.clone(),
            };
        }
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::OneForAll;
        spec.envoy = envoy;
        spec.concurrency = workers;
        let mesh = Mesh::start(spec).map_err(|error| error.to_string())?;
        Ok(Self { corpus, mesh, sites, credentials: BTreeMap::new(), answered: Vec::new() })
    }

    /// Runs one case. `salt` keeps its instances apart from all others.
    ///
    /// # Errors
    /// If the case cannot be run.
    pub fn run(&mut self, whole: &Whole, now: UnixTime, salt: &str) -> Result<Outcome, String> {
        let requests = requests(self.corpus, whole, now, salt)?;
        let (last, before) = requests.split_last().ok_or("no request")?;
        for (at, request) in before.iter().enumerate() {
            let outcome = self.send(whole, request, &format!("{salt}-{at}"))?;
            // That bucket may already have an entry of another case.
            if at > 0 && whole.case.given.bucket_load > 0 && outcome.denied.as_deref() == Some("CAPACITY") {
                break;
            }
            outcome.check_before(request)?;
        }
        let outcome = self.send(whole, last, salt)?;
        match (whole.case.then.refused, &outcome.denied) {
            (Some(_), Some(code)) => Err(format!("the proxy no longer rejects it: the gate denies it with {code}")),
            _ => Ok(outcome),
        }
    }

    fn send(&mut self, whole: &Whole, request: &Prepared, id: &str) -> Result<Outcome, String> {
        let site = self.sites.get(&site(whole, request)).cloned().ok_or("this gate was not started")?;
        let credential = self.credential(request.peer.as_deref())?;
        let response = match message::send(&self.mesh, credential.as_ref(), &site, request, id) {
            Ok(response) => response,
            // The proxy ended the stream or the connection without a response.
            Err(MeshError::Call(CallError::Http(_) | CallError::Tls(_))) => Response::default(),
            Err(error) => return Err(error.to_string()),
        };
        let seen = self.mesh.seen(&site).map_err(|error| error.to_string())?;
        let seen = seen.into_iter().find(|seen| seen.header("x-lab-id").any(|value| value == id));
        if let Some(seen) = &seen {
            check_whole(seen, request)?;
        }
        let mut outcome = outcome(&response, seen)?;
        if request.sent.method == b"HEAD" && response.status == 403 {
            // The response to a HEAD has no body with the reason.
            outcome.denied = self.logged(&site, id)?;
        }
        if outcome.refused.is_none() {
            let direction = if request.outbound { "outbound" } else { "inbound" };
            self.answered.push(Answered { site, id: id.to_owned(), direction, code: outcome.denied.clone() });
        }
        Ok(outcome)
    }

    /// The code in the access log.
    fn logged(&self, site: &str, id: &str) -> Result<Option<String>, String> {
        let entry = self.mesh.access_entry(site, id).map_err(|error| error.to_string())?;
        Ok(entry.details.and_then(|details| details.strip_prefix("stepgate:").map(str::to_owned)))
    }

    /// Differences between the access logs and the callers' answers; waits for Envoy to write the logs.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn disagreements(&self) -> Result<Vec<String>, String> {
        answered::disagreements(&self.mesh, &self.answered)
    }

    /// Messages of the filter that must never occur.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn troubles(&self) -> Result<Vec<String>, String> {
        let Some(site) = self.sites.values().next() else { return Ok(Vec::new()) };
        let log = self.mesh.log(site).map_err(|error| error.to_string())?;
        let trouble = |line: &&str| line.contains(r#""stepgate":"trouble""#) || line.contains("panic");
        Ok(log.lines().filter(trouble).map(str::to_owned).collect())
    }

    fn credential(&mut self, peer: Option<&str>) -> Result<Option<Credential>, String> {
        let Some(peer) = peer else { return Ok(None) };
        if !self.credentials.contains_key(peer) {
            let authority = self.mesh.authority();
            let issued = if peer.is_ascii() {
                authority.issue(&[peer])
            } else {
                authority.issue_raw(der::subject_alt_name(peer.as_bytes()))
            };
            let credential = issued.map_err(|error| error.to_string())?;
            self.credentials.insert(peer.to_owned(), credential);
        }
        Ok(self.credentials.get(peer).cloned())
    }
}

/// Whether a real proxy runs the case: its clock cannot be set, it says its port, and it chooses its cluster.
pub fn can_run(whole: &Whole) -> bool {
    let when = &whole.when;
    whole.envoys && when.at.is_none() && when.port != Some(0) && when.cluster.is_none()
}

/// All requests that reach a gate of their own, each with its case.
fn played(corpus: &Corpus) -> Result<Vec<(&Whole, Prepared)>, String> {
    let mut played = Vec::new();
    for whole in corpus.cases.iter().filter(|whole| can_run(whole)) {
        let mut requests = before(corpus, whole, UnixTime::from_seconds(0), "")?;
        requests.push(Prepared::of(corpus, whole, UnixTime::from_seconds(0), "")?);
        played.extend(requests.into_iter().map(|request| (whole, request)));
    }
    Ok(played)
}

fn site(whole: &Whole, request: &Prepared) -> Site {
    (whole.gate.clone(), request.own.clone(), whole.when.normalization.unwrap_or_default())
}

/// Unless the case says otherwise, none: the gate is tested, not Envoy's handling before it.
fn path_normalization(whole: &Whole) -> PathNormalization {
    match whole.when.normalization.unwrap_or_default() {
        Normalization::None => PathNormalization::None,
        Normalization::Base => PathNormalization::Base,
        Normalization::MergeSlashes => PathNormalization::MergeSlashes,
        Normalization::DecodeAndMergeSlashes => PathNormalization::DecodeAndMergeSlashes,
    }
}

/// Envoy's own limits are as high as possible, so that requests reach the gate's.
fn manager() -> serde_json::Map<String, serde_json::Value> {
    let settings = json!({
        "http_protocol_options": {"enable_trailers": true, "accept_http_10": true},
        "common_http_protocol_options": {"max_headers_count": 2000},
        "max_request_headers_kb": 96,
    });
    settings.as_object().cloned().unwrap_or_default()
}

/// The cluster of requests that cannot be delivered: nothing listens there, so that Envoy finds no connection.
fn nobody() -> serde_json::Value {
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 1}});
    let endpoints = json!([{"lb_endpoints": [{"endpoint": {"address": address}}]}]);
    json!({"name": "nobody", "type": "STATIC", "load_assignment": {"cluster_name": "nobody", "endpoints": endpoints}})
}

/// The routes of requests that cannot be delivered.
fn to_nobody() -> Vec<serde_json::Value> {
    let marked = json!([{"name": UNDELIVERED, "present_match": true}]);
    let matches = [json!({"connect_matcher": {}, "headers": marked}), json!({"prefix": "/", "headers": marked})];
    matches.map(|matches| json!({"match": matches, "route": {"cluster": "nobody"}})).into()
}

/// The application saw exactly the path that the gate decided on, and the whole body.
fn check_whole(seen: &Seen, request: &Prepared) -> Result<(), String> {
    let path = String::from_utf8_lossy(&request.got.path).into_owned();
    let tunnel = seen.method == "CONNECT" || seen.header("upgrade").next().is_some();
    if seen.path != path && seen.method != "CONNECT" {
        return Err(format!("the application saw the path `{}`, not `{path}`", seen.path));
    }
    if let Some(host) = &request.got.host
        && seen.authority.as_bytes() != host
    {
        return Err(format!("the application saw the host `{}`", seen.authority));
    }
    if seen.body_bytes != request.body && !tunnel {
        return Err(format!("the application saw {} bytes of {}", seen.body_bytes, request.body));
    }
    Ok(())
}

/// Reads a response in the terms of the corpus.
fn outcome(response: &Response, seen: Option<Seen>) -> Result<Outcome, String> {
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let denied = match (response.grpc_status(), response.status) {
        (Some(7), 200) => text(response.header("grpc-message").or(response.trailer("grpc-message"))),
        (None, 403) if !response.body.is_empty() => Some(problem_code(response)?),
        _ => None,
    };
    let refused = (denied.is_none() && seen.is_none()).then_some(response.status);
    let (trailers, seen) = seen.map(|seen| (seen.trailers, seen.headers)).unzip();
    Ok(Outcome {
        denied,
        observed: None,
        seen,
        trailers: trailers.unwrap_or_default(),
        refused,
        start: text(response.header("x-workflow-step-start")),
        receipt: text(response.header("x-workflow-step").or(response.trailer("x-workflow-step"))),
    })
}

/// The code of a denial, which is a problem of RFC 9457.
fn problem_code(response: &Response) -> Result<String, String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body)
        .map_err(|error| format!("a 403 that is not an RFC 9457 problem: {error}"))?;
    let member = |name: &str| problem.get(name).and_then(serde_json::Value::as_str);
    let whole = member("type").is_some() && member("title").is_some() && problem.get("status") == Some(&403.into());
    match member("code") {
        Some(code) if whole && response.header("content-type") == Some(b"application/problem+json") => {
            Ok(code.to_owned())
        }
        _ => Err(format!("a denial that is not an RFC 9457 problem: {problem}")),
    }
}

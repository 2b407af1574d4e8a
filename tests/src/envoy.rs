//! The second subject: the module in a real Envoy, behind real mTLS.
//!
//! One Envoy hosts a listener for each pair of gate and own identity that the corpus names; the
//! cases call it from outside with a certificate of their peer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use stepgate_cli::mesh::{
    AccessEntry, ClientCertificate, Credential, Egress, Envoys, Inbound, Mesh, MeshSpec, PathNormalization, Plugin,
    Request, Response, Version, Workload,
};
use stepgate_decision::UnixTime;

use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;
use crate::prepared::{Prepared, requests};

/// The module in an Envoy that hosts every gate of the corpus.
#[derive(Debug)]
pub struct Subject<'a> {
    corpus: &'a Corpus,
    mesh: Mesh,
    sites: BTreeMap<(String, String), String>,
    credentials: BTreeMap<String, Credential>,
}

impl<'a> Subject<'a> {
    /// Starts Envoy with this many workers.
    ///
    /// # Errors
    /// In words.
    pub fn start(corpus: &'a Corpus, module: PathBuf, workers: u32) -> Result<Self, String> {
        let mut sites: BTreeMap<(String, String), String> = BTreeMap::new();
        let mut workloads = Vec::new();
        for whole in corpus.cases.iter().filter(|whole| can_run(whole)) {
            let request = Prepared::of(corpus, whole, UnixTime::from_seconds(0), "")?;
            let name = format!("gate-{}", sites.len());
            let site = sites.entry((whole.gate.clone(), request.own.clone())).or_insert_with(|| {
                workloads.push(Workload::new(name.clone(), request.own.clone()));
                name
            });
            let workload = workloads.iter_mut().find(|workload| workload.name == *site).ok_or("a lost gate")?;
            let plugin = Plugin {
                module: module.clone(),
                configuration: corpus.gate(whole)?.text.clone(),
                environment: corpus.environment.0.clone(),
            };
            workload.egress = Some(Egress { plugin: Some(plugin.clone()) });
            workload.inbound = Inbound {
                plugin: Some(plugin),
                client_certificate: ClientCertificate::Optional,
                // What is tested is the gate, not what Envoy may do before it.
                path_normalization: PathNormalization::None,
            };
        }
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::OneForAll;
        spec.concurrency = workers;
        let mesh = Mesh::start(spec).map_err(|error| error.to_string())?;
        Ok(Self { corpus, mesh, sites, credentials: BTreeMap::new() })
    }

    /// Runs one case. `salt` keeps its instances apart from all others.
    ///
    /// # Errors
    /// In words, where the case cannot be run.
    pub fn run(&mut self, whole: &Whole, now: UnixTime, salt: &str) -> Result<Outcome, String> {
        let requests = requests(self.corpus, whole, now, salt)?;
        let (last, before) = requests.split_last().ok_or("no request")?;
        for (at, request) in before.iter().enumerate() {
            let outcome = self.send(whole, request, &format!("{salt}-{at}"))?;
            if let Some(code) = outcome.denied {
                return Err(format!("a request before was denied: {code}"));
            }
        }
        self.send(whole, last, salt)
    }

    fn send(&mut self, whole: &Whole, request: &Prepared, id: &str) -> Result<Outcome, String> {
        let key = (whole.gate.clone(), request.own.clone());
        let site = self.sites.get(&key).cloned().ok_or("no such gate was started")?;
        let credential = self.credential(request.peer.as_deref())?;
        let before = self.seen(&site)?;
        let message = message(request, id);
        let response = if request.outbound {
            self.mesh.call(&site, &site, &message)
        } else {
            self.mesh.call_directly(credential.as_ref(), &site, &message)
        };
        let response = response.map_err(|error| error.to_string())?;
        let entry = self.mesh.access_entry(&site, id).map_err(|error| error.to_string())?;
        outcome(&response, &entry, self.seen(&site)? > before)
    }

    fn seen(&self, site: &str) -> Result<u64, String> {
        self.mesh.requests_seen(site).map_err(|error| error.to_string())
    }

    fn credential(&mut self, peer: Option<&str>) -> Result<Option<Credential>, String> {
        let Some(peer) = peer else { return Ok(None) };
        if !self.credentials.contains_key(peer) {
            let credential = self.mesh.authority().issue(&[peer]).map_err(|error| error.to_string())?;
            self.credentials.insert(peer.to_owned(), credential);
        }
        Ok(self.credentials.get(peer).cloned())
    }
}

/// Whether a real proxy can run the case: its clock cannot be set.
pub fn can_run(whole: &Whole) -> bool {
    whole.when.at.is_none()
}

fn message(request: &Prepared, id: &str) -> Request {
    let mut message = Request::new(request.method.clone(), request.path.clone()).header("x-lab-id", id);
    if let Some(host) = &request.host {
        message = message.header("host", host.clone());
    }
    for (name, value) in &request.headers {
        message = message.header(name.clone(), value.clone());
        if name == "content-type" {
            message = message.body(vec![0; 5]);
        }
    }
    if request.http2 { message.over(Version::Http2) } else { message }
}

/// Reads a response in the words of the corpus, and checks that all the places where a denial shows agree.
fn outcome(response: &Response, entry: &AccessEntry, reached: bool) -> Result<Outcome, String> {
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let details = entry.details.as_deref().and_then(|details| details.strip_prefix("stepgate:"));
    let denied = match (response.grpc_status(), response.status) {
        (Some(7), 200) => text(response.header("grpc-message").or(response.trailer("grpc-message"))),
        (None, 403) => {
            let problem: serde_json::Value =
                serde_json::from_slice(&response.body).map_err(|error| format!("a 403 that is no problem: {error}"))?;
            if response.header("content-type") != Some(b"application/problem+json") || problem["status"] != 403 {
                return Err(format!("a denial that is no RFC 9457 problem: {problem}"));
            }
            problem["code"].as_str().map(str::to_owned)
        }
        _ => None,
    };
    if denied.as_deref() != details {
        return Err(format!("the caller was told {denied:?}, the access log {details:?}; {}", response.status));
    }
    let seen = response.seen().map(|seen| seen.headers);
    if reached != seen.is_some() {
        return Err(format!("status {}: the application was {}reached", response.status, if reached { "" } else { "not " }));
    }
    Ok(Outcome {
        denied,
        observed: None,
        seen,
        start: text(response.header("x-workflow-step-start")),
        receipt: text(response.header("x-workflow-step").or(response.trailer("x-workflow-step"))),
    })
}

//! The second subject: the module in a real Envoy, behind real mTLS.
//!
//! One Envoy hosts a listener for each pair of gate and own identity that the corpus names; the
//! cases call it from outside with a certificate of their peer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use stepgate_cli::mesh::{
    ClientCertificate, Credential, Egress, Envoys, Inbound, Mesh, MeshSpec, PathNormalization, Plugin, Request,
    Response, Version, Workload,
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
    told: Vec<Told>,
}

/// What a caller was told, to be held against the access log.
#[derive(Debug)]
struct Told {
    site: String,
    id: String,
    direction: &'static str,
    code: Option<String>,
}

/// How long Envoy may take to write its access log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is looked at until then.
const LOG_POLL: Duration = Duration::from_millis(50);

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
        Ok(Self { corpus, mesh, sites, credentials: BTreeMap::new(), told: Vec::new() })
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
            // Another case's entry may be in that bucket already.
            if at > 0 && whole.case.given.crowd > 0 && outcome.denied.as_deref() == Some("CAPACITY") {
                break;
            }
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
        let message = message(request, id);
        let response = if request.outbound {
            self.mesh.call(&site, &site, &message)
        } else {
            self.mesh.call_directly(credential.as_ref(), &site, &message)
        };
        let response = response.map_err(|error| error.to_string())?;
        let seen = self.mesh.seen(&site).map_err(|error| error.to_string())?;
        let seen = seen.into_iter().find(|seen| seen.header("x-lab-id").any(|value| value == id));
        let outcome = outcome(&response, seen.map(|seen| seen.headers))?;
        let direction = if request.outbound { "outbound" } else { "inbound" };
        self.told.push(Told { site, id: id.to_owned(), direction, code: outcome.denied.clone() });
        Ok(outcome)
    }

    /// Where the access logs say otherwise than the callers were told; waits for Envoy to write them.
    ///
    /// # Errors
    /// In words.
    pub fn disagreements(&self) -> Result<Vec<String>, String> {
        let begun = Instant::now();
        loop {
            let wrong = self.compare()?;
            if wrong.is_empty() || begun.elapsed() > LOG_TIMEOUT {
                return Ok(wrong);
            }
            std::thread::sleep(LOG_POLL);
        }
    }

    fn compare(&self) -> Result<Vec<String>, String> {
        let mut logged: BTreeMap<(String, &str, String), Option<String>> = BTreeMap::new();
        for site in self.sites.values() {
            for entry in self.mesh.access_log(site).map_err(|error| error.to_string())? {
                let direction = if entry.direction == "outbound" { "outbound" } else { "inbound" };
                if let Some(id) = entry.id {
                    logged.insert((site.clone(), direction, id), entry.details);
                }
            }
        }
        let wrong = self.told.iter().filter_map(|told| {
            let details = logged.get(&(told.site.clone(), told.direction, told.id.clone()));
            let Some(details) = details else { return Some(format!("{}: no line in the access log", told.id)) };
            let code = details.as_deref().and_then(|details| details.strip_prefix("stepgate:"));
            (code != told.code.as_deref()).then(|| format!("{}: told {:?}, logged {details:?}", told.id, told.code))
        });
        Ok(wrong.collect())
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

/// Reads a response in the words of the corpus.
fn outcome(response: &Response, seen: Option<Vec<(String, String)>>) -> Result<Outcome, String> {
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let denied = match (response.grpc_status(), response.status) {
        (Some(7), 200) => text(response.header("grpc-message").or(response.trailer("grpc-message"))),
        (None, 403) => Some(problem_code(response)?),
        _ => None,
    };
    if denied.is_none() && seen.is_none() {
        return Err(format!("status {}: neither denied nor let through", response.status));
    }
    Ok(Outcome {
        denied,
        observed: None,
        seen,
        start: text(response.header("x-workflow-step-start")),
        receipt: text(response.header("x-workflow-step").or(response.trailer("x-workflow-step"))),
    })
}

/// The code of a denial, which is a problem of RFC 9457.
fn problem_code(response: &Response) -> Result<String, String> {
    let problem: serde_json::Value =
        serde_json::from_slice(&response.body).map_err(|error| format!("a 403 that is no problem: {error}"))?;
    let member = |name: &str| problem.get(name).and_then(serde_json::Value::as_str);
    let whole = member("type").is_some() && member("title").is_some() && problem.get("status") == Some(&403.into());
    match member("code") {
        Some(code) if whole && response.header("content-type") == Some(b"application/problem+json") => {
            Ok(code.to_owned())
        }
        _ => Err(format!("a denial that is no RFC 9457 problem: {problem}")),
    }
}

//! One proxy, read at its admin interface.

use serde::Serialize;
use serde_json::Value;
use stepgate_config::spiffe::SpiffeId;

use crate::checks;
use crate::config_dump::{ConfigDump, InstalledGate};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::stats::{self, Stats};

/// The state of one proxy and what is wrong with it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ProxyReport {
    /// The name that the caller gave it, or that istiod has for it.
    pub name: String,
    /// Where its state was read: `admin` or `istiod`.
    pub source: &'static str,
    /// Its workloads, by the certificates that it has.
    pub workloads: Vec<String>,
    /// The revisions in force, by the filter's own metrics: `NAME REVISION`.
    pub in_force: Vec<String>,
    /// The modes in force.
    pub modes: Vec<String>,
    /// The keys that the gate holds, by `kid`.
    pub keys: Vec<String>,
    /// The versions of the module.
    pub versions: Vec<String>,
    /// Whether every inbound filter chain requires a certificate; `None` if there is no such chain.
    pub mtls: Option<bool>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Whether it takes part in a workflow of the expected state.
    pub takes_part: bool,
}

impl ProxyReport {
    pub(crate) fn new(name: &str, source: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            source,
            workloads: Vec::new(),
            in_force: Vec::new(),
            modes: Vec::new(),
            keys: Vec::new(),
            versions: Vec::new(),
            mtls: None,
            findings: Vec::new(),
            takes_part: true,
        }
    }

    /// Adds the state that metrics show.
    fn add(&mut self, stats: &Stats) {
        let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
        self.modes = owned(stats.values("stepgate_gate", "mode"));
        self.keys = owned(stats.values("stepgate_key", "kid"));
        self.versions = owned(stats.values("stepgate_gate", "version"));
        for name in stats.values("stepgate_gate", "workflow") {
            self.in_force.extend(stats.revisions(name).into_iter().map(|revision| format!("{name} {revision}")));
        }
    }
}

/// A proxy that was read, and is still to be compared.
#[derive(Debug)]
pub(crate) struct ReadProxy {
    report: ProxyReport,
    identity: Identity,
    /// Its configuration, and its metrics if it was asked itself; none if it did not answer.
    state: Option<(ConfigDump, Option<Stats>)>,
}

/// Whose proxy it is.
#[derive(Debug)]
pub(crate) enum Identity {
    /// By its certificates.
    Certified(Vec<SpiffeId>),
    /// By the path of its SPIFFE ID: istiod does not name the trust domain, and that of the workflow is assumed.
    Path(String),
}

impl ReadProxy {
    pub(crate) fn new(report: ProxyReport, identity: Identity, state: Option<(ConfigDump, Option<Stats>)>) -> Self {
        Self { report, identity, state }
    }

    pub(crate) fn name(&self) -> &str {
        &self.report.name
    }

    pub(crate) fn gates(&self) -> impl Iterator<Item = &InstalledGate> {
        self.state.iter().flat_map(|(dump, _)| dump.gates())
    }

    /// The report, with the findings.
    pub(crate) fn compared(self, expected: &ExpectedState) -> ProxyReport {
        let Self { mut report, identity, state } = self;
        let workloads = match identity {
            Identity::Certified(workloads) => workloads,
            Identity::Path(path) => expected.at_path(&path),
        };
        report.workloads = workloads.iter().map(|id| id.as_str().to_owned()).collect();
        let Some((dump, stats)) = state else { return report };
        report.takes_part = expected.includes(&workloads);
        if report.takes_part {
            report.mtls = (!dump.chains.is_empty()).then(|| dump.chains.iter().all(|chain| chain.mtls));
            if let Some(stats) = &stats {
                report.add(stats);
            }
            report.findings.extend(checks::findings(expected, &workloads, &dump, stats.as_ref()));
        } else {
            report.findings.extend(checks::of_caller(expected, &dump));
        }
        report
    }
}

/// Reads a proxy at its admin interface.
pub(crate) fn read(client: &Client, name: &str, endpoint: &Endpoint) -> ReadProxy {
    let mut report = ProxyReport::new(name, "admin");
    let mut workloads = Vec::new();
    let state = read_state(client, endpoint, &mut report, &mut workloads);
    let state = state.map_err(|error| report.findings.push(Finding::new(Kind::NoAnswer, error.to_string()))).ok();
    ReadProxy::new(report, Identity::Certified(workloads), state)
}

/// The workloads are known even if a later request has no answer.
fn read_state(
    client: &Client,
    endpoint: &Endpoint,
    report: &mut ProxyReport,
    workloads: &mut Vec<SpiffeId>,
) -> Result<(ConfigDump, Option<Stats>), HttpError> {
    let info: Value = client.json(endpoint, "/server_info")?;
    let state = info.get("state").and_then(Value::as_str).unwrap_or_default();
    if state != "LIVE" {
        report.findings.push(Finding::new(Kind::NotLive, format!("its state is `{state}`")));
    }
    *workloads = identities(&client.json(endpoint, "/certs")?);
    let dump = ConfigDump::read(&client.json(endpoint, "/config_dump")?);
    let stats = client.json::<stats::Response>(endpoint, stats::PATH)?.into();
    Ok((dump, Some(stats)))
}

/// The SPIFFE IDs in the certificates.
fn identities(certificates: &Value) -> Vec<SpiffeId> {
    let all = certificates["certificates"].as_array().into_iter().flatten();
    let chains = all.flat_map(|certificate| certificate["cert_chain"].as_array().into_iter().flatten());
    let names = chains.flat_map(|chain| chain["subject_alt_names"].as_array().into_iter().flatten());
    let uris = names.filter_map(|name| name["uri"].as_str());
    let mut ids: Vec<SpiffeId> = uris.filter_map(|uri| SpiffeId::try_from(uri.as_bytes()).ok()).collect();
    ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    ids.dedup();
    ids
}

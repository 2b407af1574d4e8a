//! One proxy, read at its admin interface.

use serde::Serialize;
use serde_json::Value;
use stepgate_config::spiffe::SpiffeId;

use crate::checks;
use crate::config_dump::ConfigDump;
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::stats::{self, Stats};

/// The state of one proxy and what is wrong with it.
#[derive(Debug, Clone, Serialize)]
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

    /// Adds the state that a configuration and metrics show, and the findings in it.
    pub(crate) fn check(
        &mut self,
        expected: &ExpectedState,
        workloads: &[SpiffeId],
        dump: &ConfigDump,
        stats: Option<&Stats>,
    ) {
        self.mtls = (!dump.chains.is_empty()).then(|| dump.chains.iter().all(|chain| chain.mtls));
        if let Some(stats) = stats {
            let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
            self.modes = owned(stats.values("stepgate_gate", "mode"));
            self.keys = owned(stats.values("stepgate_key", "kid"));
            self.versions = owned(stats.values("stepgate_gate", "version"));
            for name in stats.values("stepgate_gate", "workflow") {
                self.in_force.extend(stats.revisions(name).into_iter().map(|revision| format!("{name} {revision}")));
            }
        }
        self.findings.extend(checks::findings(expected, workloads, dump, stats));
    }
}

/// Reads a proxy and compares it with the expected state.
pub(crate) fn examine(client: &Client, name: &str, endpoint: &Endpoint, expected: &ExpectedState) -> ProxyReport {
    let mut report = ProxyReport::new(name, "admin");
    match State::read(client, endpoint) {
        Err(error) => report.findings.push(Finding::new(Kind::NoAnswer, error.to_string())),
        Ok(State { info, certificates, dump, stats }) => {
            let state = info.get("state").and_then(Value::as_str).unwrap_or_default();
            if state != "LIVE" {
                report.findings.push(Finding::new(Kind::NotLive, format!("its state is `{state}`")));
            }
            let workloads = identities(&certificates);
            report.workloads = workloads.iter().map(|id| id.as_str().to_owned()).collect();
            report.takes_part = !expected.of_workloads(&workloads).is_empty();
            if report.takes_part {
                report.check(expected, &workloads, &ConfigDump::read(&dump), Some(&stats));
            }
        }
    }
    report
}

/// The responses of an admin interface.
struct State {
    info: Value,
    certificates: Value,
    dump: Value,
    stats: Stats,
}

impl State {
    fn read(client: &Client, endpoint: &Endpoint) -> Result<Self, HttpError> {
        Ok(Self {
            info: client.json(endpoint, "/server_info")?,
            certificates: client.json(endpoint, "/certs")?,
            dump: client.json(endpoint, "/config_dump")?,
            stats: client.json::<stats::Response>(endpoint, stats::PATH)?.into(),
        })
    }
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

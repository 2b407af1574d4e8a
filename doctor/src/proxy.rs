//! One proxy, asked at its admin interface.

use serde::Serialize;
use serde_json::Value;
use stepgate_config::spiffe::SpiffeId;

use super::ask::Place;
use super::dump::Dump;
use super::gap::{Gap, Kind};
use super::judge;
use super::stats::{self, Stats};
use super::wanted::Wanted;

/// What came of one proxy.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// As it was named.
    pub name: String,
    /// Who was asked: `admin` or `istiod`.
    pub asked: &'static str,
    /// Its workloads, by the certificates that it shows.
    pub workloads: Vec<String>,
    /// Revisions in force, as the filter says: `NAME REVISION`.
    pub in_force: Vec<String>,
    /// The modes in force.
    pub modes: Vec<String>,
    /// The keys that the gate holds, by `kid`.
    pub keys: Vec<String>,
    /// The module's versions.
    pub versions: Vec<String>,
    /// Whether every way in asks for a certificate; nothing where there is none.
    pub mtls: Option<bool>,
    /// What is wrong.
    pub gaps: Vec<Gap>,
    /// Whether it has a part in any workflow that was asked about.
    pub takes_part: bool,
}

impl Found {
    pub(super) fn new(name: &str, asked: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            asked,
            workloads: Vec::new(),
            in_force: Vec::new(),
            modes: Vec::new(),
            keys: Vec::new(),
            versions: Vec::new(),
            mtls: None,
            gaps: Vec::new(),
            takes_part: true,
        }
    }

    /// The same, with what its configuration shows.
    pub(super) fn judge(&mut self, wanted: &Wanted, workloads: &[SpiffeId], dump: &Dump, stats: Option<&Stats>) {
        self.mtls = (!dump.ways.is_empty()).then(|| dump.ways.iter().all(|way| way.mtls));
        if let Some(stats) = stats {
            let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
            self.modes = owned(stats.values("stepgate_gate", "mode"));
            self.keys = owned(stats.values("stepgate_key", "kid"));
            self.versions = owned(stats.values("stepgate_gate", "version"));
            for name in stats.values("stepgate_gate", "workflow") {
                self.in_force.extend(stats.revisions(name).into_iter().map(|revision| format!("{name} {revision}")));
            }
        }
        self.gaps.extend(judge::gaps(wanted, workloads, dump, stats));
    }
}

/// Asks one proxy everything.
pub(super) async fn ask(name: &str, at: &Place, wanted: &Wanted) -> Found {
    let mut found = Found::new(name, "admin");
    match answers(at).await {
        Err(why) => found.gaps.push(Gap::new(Kind::NoAnswer, why)),
        Ok(Answers { info, certificates, dump, stats }) => {
            let state = info.get("state").and_then(Value::as_str).unwrap_or_default();
            if state != "LIVE" {
                found.gaps.push(Gap::new(Kind::NotLive, format!("its state is `{state}`")));
            }
            let shown = identities(&certificates);
            found.workloads = shown.iter().map(|id| id.as_str().to_owned()).collect();
            found.takes_part = shown.iter().any(|id| !wanted.of_workload(id).is_empty());
            if found.takes_part {
                found.judge(wanted, &shown, &Dump::read(&dump), Some(&stats));
            }
        }
    }
    found
}

struct Answers {
    info: Value,
    certificates: Value,
    dump: Value,
    stats: Stats,
}

async fn answers(at: &Place) -> Result<Answers, String> {
    Ok(Answers {
        info: at.json("/server_info").await?,
        certificates: at.json("/certs").await?,
        dump: at.json("/config_dump").await?,
        stats: Stats::read(&String::from_utf8_lossy(&at.get(stats::PATH).await?)),
    })
}

/// The SPIFFE IDs of the certificates that it shows.
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

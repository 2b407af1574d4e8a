//! The result for all proxies, also as a table for people.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;

use crate::finding::{Finding, Kind};
use crate::proxy::ProxyReport;

/// The state of all proxies and what is wrong.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Report {
    /// The expected workflows.
    pub workflows: Vec<ExpectedWorkflow>,
    /// What was taken for granted where the files do not say it.
    pub assumption: Option<&'static str>,
    /// Each proxy.
    pub proxies: Vec<ProxyReport>,
    /// Findings that belong to no single proxy.
    pub findings: Vec<Finding>,
}

/// A workflow of the expected state.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExpectedWorkflow {
    /// Its name.
    pub name: String,
    /// Its revision.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
    /// The file or the proxies from which it was taken, and why.
    pub taken_from: String,
}

const COLUMNS: [&str; 8] = ["proxy", "source", "workload", "in force", "mode", "keys", "mTLS", "module"];

impl Report {
    /// Whether there is no finding.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }

    /// This report without the findings of these kinds.
    #[must_use]
    pub fn without(mut self, kinds: &[Kind]) -> Self {
        let keep = |finding: &Finding| !kinds.contains(&finding.kind);
        self.findings.retain(keep);
        self.proxies.iter_mut().for_each(|proxy| proxy.findings.retain(keep));
        self
    }

    /// The number of findings.
    pub fn count(&self) -> usize {
        self.proxies.iter().map(|proxy| proxy.findings.len()).fold(self.findings.len(), usize::saturating_add)
    }

    /// The report as text. `escape` makes a text that came from a proxy safe for a terminal.
    pub fn table(&self, escape: &dyn Fn(&str) -> String) -> String {
        let mut out = String::new();
        for ExpectedWorkflow { name, revision, digest, taken_from } in &self.workflows {
            let _ = writeln!(out, "{name} revision {revision}, digest {digest}, of {}", escape(taken_from));
        }
        if let Some(assumption) = self.assumption {
            let _ = writeln!(out, "{assumption}");
        }
        out.push('\n');
        let rows = self.proxies.iter().map(|proxy| row(proxy).map(|cell| escape(&cell)));
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(COLUMNS).add_rows(rows);
        let _ = writeln!(out, "{}", table.trim_fmt());
        let of_proxies = self.proxies.iter().flat_map(|proxy| proxy.findings.iter().map(|f| (proxy.name.as_str(), f)));
        for (name, finding) in of_proxies.chain(self.findings.iter().map(|finding| ("the workflow", finding))) {
            let Finding { kind, message, remedy } = finding;
            let _ = write!(out, "\n{}: {kind}: {}\n  = do: {remedy}\n", escape(name), escape(message));
        }
        let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
        let (proxies, findings) = (self.proxies.len(), self.count());
        let _ = writeln!(out, "\n{}, {}", plural(proxies, "proxy", "proxies"), plural(findings, "finding", "findings"));
        out
    }
}

fn row(proxy: &ProxyReport) -> [String; 8] {
    let list = |values: &[String]| if values.is_empty() { "-".to_owned() } else { values.join(", ") };
    let (name, source, workload) = (proxy.name.clone(), proxy.source.to_owned(), list(&proxy.workloads));
    if !proxy.takes_part {
        let none = || "-".to_owned();
        return [name, source, workload, "takes no part".into(), none(), none(), none(), none()];
    }
    let mtls = proxy.mtls.map_or("-", |all| if all { "required" } else { "optional" });
    [
        name,
        source,
        workload,
        list(&proxy.in_force),
        list(&proxy.modes),
        list(&proxy.keys),
        mtls.to_owned(),
        list(&proxy.versions),
    ]
}

//! What was found, as a table for people.

use std::fmt::Write;

use serde::Serialize;

use super::gap::{Gap, Kind};
use super::proxy::Found;

/// What was found of all proxies.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The workflows that were asked about.
    pub workflows: Vec<Asked>,
    /// Each proxy.
    pub proxies: Vec<Found>,
    /// What is wrong with none in particular.
    pub gaps: Vec<Gap>,
}

/// A workflow that was asked about.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Its revision.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
}

const HEAD: [&str; 8] = ["proxy", "asked", "workload", "in force", "mode", "keys", "mTLS", "module"];

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }

    /// The same, without gaps of these kinds.
    #[must_use]
    pub fn without(mut self, kinds: &[Kind]) -> Self {
        let told = |gap: &Gap| !kinds.contains(&gap.gap);
        self.gaps.retain(told);
        self.proxies.iter_mut().for_each(|proxy| proxy.gaps.retain(told));
        self
    }

    /// How much is wrong.
    pub fn count(&self) -> usize {
        self.proxies.iter().map(|proxy| proxy.gaps.len()).fold(self.gaps.len(), usize::saturating_add)
    }

    /// For people; `tame` makes a text of a proxy fit for a terminal.
    pub fn table(&self, tame: &dyn Fn(&str) -> String) -> String {
        let mut out = String::new();
        for Asked { name, revision, digest } in &self.workflows {
            let _ = writeln!(out, "{name} revision {revision}, digest {digest}");
        }
        out.push('\n');
        let rows: Vec<[String; 8]> = std::iter::once(HEAD.map(str::to_owned))
            .chain(self.proxies.iter().map(row))
            .map(|r| r.map(|c| tame(&c)))
            .collect();
        for row in &rows {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let width = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
                let _ = write!(line, "  {cell:<width$}", width = width.unwrap_or_default());
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let named = self.proxies.iter().flat_map(|proxy| proxy.gaps.iter().map(move |gap| (proxy.name.as_str(), gap)));
        let mut gaps: Vec<(&str, &Gap)> = named.collect();
        gaps.extend(self.gaps.iter().map(|gap| ("the workflow", gap)));
        for (name, gap) in &gaps {
            let _ = write!(out, "\n{}: {}: {}\n  = do: {}\n", tame(name), gap.gap.code(), tame(&gap.what), gap.remedy);
        }
        let (proxies, gaps) = (self.proxies.len(), gaps.len());
        let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
        let _ = writeln!(out, "\n{}, {}", plural(proxies, "proxy", "proxies"), plural(gaps, "gap", "gaps"));
        out
    }
}

fn row(proxy: &Found) -> [String; 8] {
    let list = |values: &[String]| if values.is_empty() { "-".to_owned() } else { values.join(", ") };
    if !proxy.takes_part {
        let nothing = || "-".to_owned();
        let (name, asked, workload) = (proxy.name.clone(), proxy.asked.to_owned(), list(&proxy.workloads));
        return [name, asked, workload, "no part in it".into(), nothing(), nothing(), nothing(), nothing()];
    }
    let mtls = proxy.mtls.map_or("-", |all| if all { "required" } else { "optional" });
    [
        proxy.name.clone(),
        proxy.asked.to_owned(),
        list(&proxy.workloads),
        list(&proxy.in_force),
        list(&proxy.modes),
        list(&proxy.keys),
        mtls.to_owned(),
        list(&proxy.versions),
    ]
}

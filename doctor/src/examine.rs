//! All proxies, several at a time, and istiod.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::istiod;
use crate::proxy::{self, ProxyReport};
use crate::report::{ExpectedWorkflow, Report};

/// Most proxies that are read at a time.
const MAX_PARALLEL: usize = 16;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// istiod did not respond as it should.
    #[error("istiod: {0}")]
    Istiod(#[from] HttpError),
}

/// Reads these proxies, each with the name that the report gives it, and istiod. A proxy that does not respond is a
/// finding of the report.
///
/// # Errors
/// istiod does not respond.
pub fn examine(
    expected: &ExpectedState,
    proxies: &[(String, Endpoint)],
    istiod: Option<&Endpoint>,
) -> Result<Report, ExamineError> {
    let client = Client::new();
    let mut reports = examine_proxies(&client, expected, proxies);
    if let Some(endpoint) = istiod {
        reports.extend(istiod::examine(&client, endpoint, expected)?);
    }
    let checked = |id: &str| reports.iter().any(|proxy| proxy.workloads.iter().any(|workload| workload == id));
    let absent = expected.workloads().into_iter().filter(|id| !checked(id.as_str()));
    let findings = absent.map(|id| Finding::new(Kind::NotChecked, format!("no proxy of {id} was checked"))).collect();
    let workflows = expected.workflows.iter().map(|(workflow, _)| ExpectedWorkflow {
        name: workflow.name.as_str().to_owned(),
        revision: workflow.revision,
        digest: workflow.digest.as_str().to_owned(),
    });
    Ok(Report { workflows: workflows.collect(), proxies: reports, findings })
}

/// The reports, in the order in which the proxies are given.
fn examine_proxies(client: &Client, expected: &ExpectedState, proxies: &[(String, Endpoint)]) -> Vec<ProxyReport> {
    let queue = Mutex::new(proxies.iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut reports = Vec::new();
        while let Some((index, (name, endpoint))) = next() {
            reports.push((index, proxy::examine(client, name, endpoint, expected)));
        }
        reports
    };
    let mut reports: Vec<(usize, ProxyReport)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..proxies.len().min(MAX_PARALLEL)).map(|_| scope.spawn(work)).collect();
        // A report that is lost would look like a proxy without findings.
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}

//! All proxies, several at a time, and istiod.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use stepgate_config::spiffe::SpiffeId;

use crate::checks;
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::istiod;
use crate::proxy::{self, ProxyReport, ReadProxy};
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
    let mut all = read_proxies(&client, proxies);
    if let Some(endpoint) = istiod {
        all.extend(istiod::read(&client, endpoint, expected)?);
    }
    let expected = with_documents(expected.clone(), &all);
    let proxies: Vec<ProxyReport> = all.into_iter().map(|proxy| proxy.compared(&expected)).collect();
    let workflows = expected.workflows.iter().map(|revision| ExpectedWorkflow {
        name: revision.workflow.name.as_str().to_owned(),
        revision: revision.workflow.revision,
        digest: revision.workflow.digest.as_str().to_owned(),
        taken_from: revision.taken.clone(),
    });
    let findings = nothing_compared(&expected).into_iter().chain(not_checked(&expected, &proxies)).collect();
    Ok(Report { workflows: workflows.collect(), assumption: expected.assumption(), proxies, findings })
}

/// The expected state with the documents that are in force, where none is given.
fn with_documents(expected: ExpectedState, proxies: &[ReadProxy]) -> ExpectedState {
    if !expected.is_of_the_gates() {
        return expected;
    }
    let gates = proxies.iter().flat_map(|proxy| proxy.gates().map(|gate| (proxy.name(), gate)));
    let readable: Vec<_> = gates.filter_map(|(name, gate)| Some((name, checks::read(gate).ok()?))).collect();
    expected.with_documents_of(&readable)
}

/// A report without a workflow must not look like one without findings.
fn nothing_compared(expected: &ExpectedState) -> Option<Finding> {
    let message = match expected.is_of_the_gates() {
        true => "no gate has an open workflow: nothing was compared",
        false => "the file has no workflow: nothing was compared",
    };
    expected.given().next().is_none().then(|| Finding::new(Kind::NoWorkflow, message))
}

/// Workloads of which no proxy was read. Those of a proxy that did not answer are known by the proxy's name only.
fn not_checked(expected: &ExpectedState, proxies: &[ProxyReport]) -> Vec<Finding> {
    let known =
        |id: &SpiffeId| proxies.iter().any(|proxy| proxy.workloads.iter().any(|workload| workload == id.as_str()));
    let all = expected.workloads();
    let mut absent: Vec<&SpiffeId> = all.iter().filter(|id| !known(id)).collect();
    let mut silent = 0_usize;
    for proxy in proxies.iter().filter(|proxy| proxy.workloads.is_empty() && has(proxy, Kind::NoAnswer)) {
        match of_name(&all, &proxy.name) {
            Some(asked) => absent.retain(|id| *id != asked),
            None => silent = silent.saturating_add(1),
        }
    }
    if absent.len() <= silent {
        return Vec::new();
    }
    let message = |id: &SpiffeId| match silent {
        0 => format!("no proxy of {id} was checked"),
        _ => format!("no proxy of {id} was checked, unless it is one of those that did not answer"),
    };
    absent.into_iter().map(|id| Finding::new(Kind::NotChecked, message(id))).collect()
}

fn has(proxy: &ProxyReport, kind: Kind) -> bool {
    proxy.findings.iter().any(|finding| finding.kind == kind)
}

/// The workload that a proxy of this name (`vfx-1`, or a pod's `vfx-1-6f7-x2`) most probably serves.
fn of_name<'a>(workloads: &'a [SpiffeId], proxy: &str) -> Option<&'a SpiffeId> {
    let serves = |account: &str| {
        let rest = proxy.strip_prefix(account).filter(|_| !account.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    };
    workloads.iter().filter(|id| serves(account(id))).max_by_key(|id| account(id).len())
}

/// The last part of a SPIFFE ID: the service account, in Istio.
fn account(id: &SpiffeId) -> &str {
    id.as_str().rsplit('/').next().unwrap_or_default()
}

/// What the proxies answer, in the order in which they are given.
fn read_proxies(client: &Client, proxies: &[(String, Endpoint)]) -> Vec<ReadProxy> {
    let queue = Mutex::new(proxies.iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut all = Vec::new();
        while let Some((index, (name, endpoint))) = next() {
            all.push((index, proxy::read(client, name, endpoint)));
        }
        all
    };
    let mut all: Vec<(usize, ReadProxy)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..proxies.len().min(MAX_PARALLEL)).map(|_| scope.spawn(work)).collect();
        // A report that is lost would look like a proxy without findings.
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, proxy)| proxy).collect()
}

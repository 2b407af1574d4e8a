//! Answers that callers got, compared with the access logs.

use std::collections::BTreeMap;
use std::time::Duration;

use stepgate_mesh::{Mesh, until};

/// An answer that a caller got.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) site: String,
    pub(super) id: String,
    pub(super) direction: &'static str,
    pub(super) code: Option<String>,
}

/// How long Envoy may take to write its access log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

/// Differences between the access logs and the callers' answers; waits for Envoy to write the logs.
pub(super) fn disagreements(mesh: &Mesh, answered: &[Answered]) -> Result<Vec<String>, String> {
    let mut wrong = Ok(Vec::new());
    until(LOG_TIMEOUT, || {
        wrong = compare(mesh, answered);
        // An error will not go away; a missing line may still be written.
        wrong.as_ref().map_or(true, Vec::is_empty).then_some(())
    });
    wrong
}

fn compare(mesh: &Mesh, answered: &[Answered]) -> Result<Vec<String>, String> {
    let mut logged: BTreeMap<(&str, &str, String), Option<String>> = BTreeMap::new();
    let sites: std::collections::BTreeSet<&str> = answered.iter().map(|answered| answered.site.as_str()).collect();
    for site in sites {
        for entry in mesh.access_log(site).map_err(|error| error.to_string())? {
            let direction = if entry.direction == "outbound" { "outbound" } else { "inbound" };
            if let Some(id) = entry.id {
                logged.insert((site, direction, id), entry.details);
            }
        }
    }
    let wrong = answered.iter().filter_map(|answered| {
        let details = logged.get(&(answered.site.as_str(), answered.direction, answered.id.clone()));
        let Some(details) = details else { return Some(format!("{}: no line in the access log", answered.id)) };
        let code = details.as_deref().and_then(|details| details.strip_prefix("stepgate:"));
        (code != answered.code.as_deref())
            .then(|| format!("{}: answered {:?}, logged {details:?}", answered.id, answered.code))
    });
    Ok(wrong.collect())
}

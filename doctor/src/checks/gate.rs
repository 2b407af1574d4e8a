//! A gate compared with the expected state: its workflows, keys and settings.

use stepgate_config::GateConfig;
use stepgate_config::spiffe::SpiffeId;

use super::settings::{Given, Side};
use super::{keys, settings, workflows};
use crate::expected::ExpectedState;
use crate::finding::Finding;

/// The findings of a gate on this side of the application.
pub(super) fn findings(
    config: &GateConfig,
    expected: &ExpectedState,
    workloads: &[SpiffeId],
    side: Side,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for revision in expected.of_workloads(workloads) {
        findings.extend(workflows::missing(config, revision));
        findings.extend(keys::missing(config, expected, &revision.workflow));
        // An outbound gate mints nothing.
        if side == Side::Inbound {
            findings.extend(keys::no_signer(config, &revision.workflow, workloads));
        }
    }
    findings.extend(workflows::altered(config, expected));
    findings.extend(workflows::surplus(config, expected));
    findings.extend(keys::surplus(config, expected, workloads));
    findings.extend(settings::findings(config, Given::of(expected, config, side), workloads));
    findings
}

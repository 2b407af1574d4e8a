//! The configuration of a gate, as the gate reads it.

use stepgate_config::GateConfig;

use crate::config_dump::InstalledGate;
use crate::finding::{Finding, Kind};

/// The configuration of a gate, or why the gate cannot use it.
pub(crate) fn read(gate: &InstalledGate) -> Result<GateConfig, Finding> {
    stepgate_config::read_gate(gate.configuration.as_bytes()).into_result().map(|(config, _)| config).map_err(
        |errors| {
            let why =
                errors.iter().find(|found| found.is_error()).map_or_else(String::new, |error| format!(": {error}"));
            Finding::new(Kind::NoConfig, format!("its gate cannot use its configuration{why}"))
        },
    )
}

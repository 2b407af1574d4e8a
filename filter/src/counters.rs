//! The counters. All are defined when a configuration is read: no request can add one.
//!
//! A counter's labels are part of its name, as Istio writes them, and Envoy's `stats_tags` extract them
//! (`filter/README.md`): `workflow=.=movie;.;code=.=NO_STEP;.;stepgate_denials`. Neither `=`, `;` nor `>` can be in the
//! name of a workflow or task, so a name is parsed in one way only.

use proxy_wasm::types::MetricType;
use stepgate_config::GateConfig;
use stepgate_config::sorted::SortedMap;
use stepgate_config::workflow::{Mode, Workflow};
use stepgate_decision::Code;
use stepgate_decision::verdict::AuditContext;

use crate::host::{Host, HostError};
use crate::log_events;

/// Configurations with more transitions than this count permits by workflow only.
const MAX_TRANSITIONS: usize = 1000;
/// The label of a denial whose workflow was not yet known.
const UNKNOWN: &str = "-";

/// The counters of one configuration, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    exempt: Option<u32>,
    workflows: SortedMap<String, OfWorkflow>,
}

#[derive(Debug, Default)]
struct OfWorkflow {
    denials: SortedMap<Code, u32>,
    observed: SortedMap<Code, u32>,
    /// By transition; one for all if there are too many.
    permits: SortedMap<Option<String>, u32>,
    undelivered: Option<u32>,
}

impl Counters {
    /// Defines the counters of a configuration; without one, those of denials.
    pub(crate) fn define(host: &dyn Host, config: Option<&GateConfig>) -> Self {
        let mut definer = Definer { host, failure: None };
        let mut counters = Self { exempt: definer.define("stepgate_exempt"), ..Self::default() };
        let mode = config.map(|config| config.mode).unwrap_or_default();
        counters.define_denials(&mut definer, UNKNOWN, mode);
        if let Some(config) = config {
            for workflow in &config.workflows {
                counters.define_denials(&mut definer, workflow.name.as_str(), config.mode_of(workflow));
            }
            counters.define_permits(&mut definer, config);
        }
        if let Some(why) = definer.failure {
            log_events::trouble("not every counter could be made", &why.to_string());
        }
        counters
    }

    fn define_denials(&mut self, definer: &mut Definer<'_>, workflow: &str, mode: Mode) {
        let of = self.workflows.entry(workflow.to_owned()).or_default();
        let mut define = |metric: &str, codes: &[Code], counters: &mut SortedMap<Code, u32>| {
            for code in codes {
                let name = format!("{}{}{metric}", label("workflow", workflow), label("code", code.as_str()));
                counters.extend(definer.define(&name).map(|counter| (*code, counter)));
            }
        };
        match mode {
            Mode::Enforce => define("stepgate_denials", Code::ALL, &mut of.denials),
            Mode::Observe => {
                define("stepgate_observed_denials", Code::ALL, &mut of.observed);
                // A failure of the gate itself denies in either mode.
                define("stepgate_denials", &[Code::Internal], &mut of.denials);
            }
        }
    }

    fn define_permits(&mut self, definer: &mut Definer<'_>, config: &GateConfig) {
        let transitions: usize = config.workflows.iter().map(|workflow| workflow.transitions.len()).sum();
        for workflow in &config.workflows {
            let of = self.workflows.entry(workflow.name.as_str().to_owned()).or_default();
            for transition in labels(workflow, transitions) {
                let labels = match &transition {
                    // As in the audit context, without spaces.
                    Some(transition) => label("transition", &transition.replace(' ', "")),
                    None => String::new(),
                };
                let name = format!("{}{labels}stepgate_permits", label("workflow", workflow.name.as_str()));
                of.permits.extend(definer.define(&name).map(|counter| (transition, counter)));
            }
            let name = format!("{}stepgate_undelivered", label("workflow", workflow.name.as_str()));
            of.undelivered = definer.define(&name);
        }
    }

    /// Counts a permit.
    pub(crate) fn permit(&self, host: &dyn Host, audit: &AuditContext) {
        let of = audit.workflow.as_ref().and_then(|(name, _)| self.workflows.get(name.as_str()));
        count(host, of.and_then(|of| of.permits.get(&audit.transition).or_else(|| of.permits.get(&None))));
    }

    /// Counts a permitted request that reached nobody behind the gate.
    pub(crate) fn undelivered(&self, host: &dyn Host, audit: &AuditContext) {
        let of = audit.workflow.as_ref().and_then(|(name, _)| self.workflows.get(name.as_str()));
        count(host, of.and_then(|of| of.undelivered.as_ref()));
    }

    /// Counts a denial. In mode `observe` the request went on.
    pub(crate) fn denial(&self, host: &dyn Host, code: Code, audit: &AuditContext, mode: Mode) {
        let workflow = audit.workflow.as_ref().map_or(UNKNOWN, |(name, _)| name.as_str());
        let of = self.workflows.get(workflow);
        let counter = of.and_then(|of| match mode {
            Mode::Enforce => of.denials.get(&code),
            Mode::Observe => of.observed.get(&code),
        });
        count(host, counter);
    }

    /// Counts a request that was exempt.
    pub(crate) fn exempt(&self, host: &dyn Host) {
        count(host, self.exempt.as_ref());
    }
}

struct Definer<'h> {
    host: &'h dyn Host,
    failure: Option<HostError>,
}

impl Definer<'_> {
    /// A gate decides without its counters too.
    fn define(&mut self, name: &str) -> Option<u32> {
        self.host.define_metric(MetricType::Counter, name).map_err(|why| self.failure = Some(why)).ok()
    }
}

fn labels(workflow: &Workflow, of_all: usize) -> Vec<Option<String>> {
    if of_all > MAX_TRANSITIONS {
        return vec![None];
    }
    workflow.transitions.iter().map(|transition| Some(transition.to_string())).collect()
}

/// A label, as part of a metric's name.
pub(crate) fn label(name: &str, value: &str) -> String {
    format!("{name}=.={value};.;")
}

fn count(host: &dyn Host, counter: Option<&u32>) {
    if let Some(counter) = counter {
        host.increment_metric(*counter, 1);
    }
}

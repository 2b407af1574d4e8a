//! The workflows of a gate: the expected ones, and others.

use stepgate_config::GateConfig;
use stepgate_config::spiffe::TrustDomain;
use stepgate_config::workflow::Workflow;

use crate::expected::{ExpectedRevision, ExpectedState};
use crate::finding::{Finding, Kind};

/// What the gate lacks of a revision that should be open.
pub(super) fn missing(config: &GateConfig, expected: &ExpectedRevision) -> Vec<Finding> {
    let other = configured(config, &expected.workflow).map(|_| other_open(config, expected));
    other.unwrap_or_else(Some).into_iter().collect()
}

/// The revisions that the gate should have, also the closed ones, where the gate has them otherwise.
pub(super) fn altered(config: &GateConfig, expected: &ExpectedState) -> Vec<Finding> {
    let given =
        |has: &Workflow| expected.given().find(|given| given.name == has.name && given.revision == has.revision);
    let pairs = config.workflows.iter().filter_map(|has| Some((&**has, given(has)?)));
    pairs.flat_map(|(has, given)| of_revision(config, has, given, expected)).collect()
}

fn of_revision(config: &GateConfig, has: &Workflow, given: &Workflow, expected: &ExpectedState) -> Vec<Finding> {
    if has.digest != given.digest {
        return vec![other_digest(has, given)];
    }
    let (mode, intended) = (config.mode_of(has), expected.mode_of(given));
    let other_mode = (mode != intended).then(|| {
        let message =
            format!("its gate has `{}` in the mode `{}`, not `{}`", has.name, mode.as_str(), intended.as_str());
        Finding::new(Kind::OtherMode, message)
    });
    let (aliases, intended): (Vec<_>, _) = (has.domain.aliases().collect(), expected.aliases_of(given));
    let other_aliases = (aliases != intended).then(|| {
        let list = |names: &[&TrustDomain]| match names {
            [] => "none".to_owned(),
            names => names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let (has_them, not_them) = (list(&aliases), list(&intended));
        let message = format!(
            "its gate's `trust_domain_aliases` of `{}` are not as expected: {has_them}, not {not_them}",
            has.name
        );
        Finding::new(Kind::OtherSetting, message)
    });
    other_mode.into_iter().chain(other_aliases).collect()
}

fn other_digest(has: &Workflow, expected: &Workflow) -> Finding {
    let Workflow { name, revision, digest, .. } = has;
    let message = format!("its gate's `{name}` revision {revision} has the digest {digest}, not {}", expected.digest);
    Finding::new(Kind::OtherDigest, message)
}

/// The workflow in the configuration, if it is the expected one.
pub(super) fn configured<'c>(config: &'c GateConfig, expected: &Workflow) -> Result<&'c Workflow, Finding> {
    let name = expected.name.as_str();
    let of_name: Vec<&Workflow> = of_name(config, expected).collect();
    if of_name.is_empty() {
        return Err(Finding::new(Kind::NoWorkflow, format!("its gate has no workflow `{name}`")));
    }
    let Some(has) = of_name.iter().find(|has| has.revision == expected.revision) else {
        let revisions: Vec<String> = of_name.iter().map(|has| has.revision.to_string()).collect();
        let message = format!("its gate has revision {} of `{name}`, not {}", revisions.join(", "), expected.revision);
        return Err(Finding::new(Kind::OtherRevision, message));
    };
    if has.digest != expected.digest {
        return Err(other_digest(has, expected));
    }
    Ok(has)
}

fn of_name<'c>(config: &'c GateConfig, expected: &Workflow) -> impl Iterator<Item = &'c Workflow> {
    config.workflows.iter().map(AsRef::as_ref).filter(move |has| has.name == expected.name)
}

/// Another revision in which instances begin.
fn other_open(config: &GateConfig, expected: &ExpectedRevision) -> Option<Finding> {
    let ExpectedRevision { workflow, .. } = expected;
    let open = of_name(config, workflow).find(|has| has.open).map(|has| has.revision);
    let message = match open {
        Some(revision) if revision == workflow.revision => return None,
        Some(revision) => format!("in its gate, instances of `{}` begin in revision {revision}", workflow.name),
        None => format!("in its gate, no instance of `{}` begins", workflow.name),
    };
    Some(Finding::new(Kind::OtherOpen, format!("{message}, not {}", workflow.revision)))
}

/// Workflows and revisions that are not expected, and those that should be closed.
pub(super) fn surplus(config: &GateConfig, expected: &ExpectedState) -> Vec<Finding> {
    config.workflows.iter().filter_map(|has| surplus_revision(config, has, expected)).collect()
}

fn surplus_revision(config: &GateConfig, has: &Workflow, expected: &ExpectedState) -> Option<Finding> {
    let (name, revision) = (&has.name, has.revision);
    let given: Vec<&Workflow> = expected.given().filter(|given| given.name == *name).collect();
    let Some(highest) = given.iter().map(|given| given.assurance).max() else {
        let message = format!("its gate has the workflow `{name}`, revision {revision}, which is not expected");
        return Some(Finding::new(Kind::SurplusWorkflow, message));
    };
    let same = given.iter().find(|given| given.revision == revision);
    if has.assurance < same.map_or(highest, |same| same.assurance) {
        let message = format!("its gate has revision {revision} of `{name}` at a lower level: its steps prove less");
        return Some(Finding::new(Kind::LowerLevel, message));
    }
    let open = expected.open_revision(name);
    if same.is_some() {
        // Where another revision should be open, that one has the finding.
        let message =
            format!("in its gate, instances of `{name}` begin in revision {revision}, which should be closed");
        return (has.open && open.is_none()).then(|| Finding::new(Kind::OtherOpen, message));
    }
    // A revision in place of the expected one is one finding, not two.
    let in_its_place = open.is_some_and(|open| !of_name(config, has).any(|other| other.revision == open));
    (!in_its_place).then(|| {
        let message = format!("its gate has revision {revision} of `{name}`, too, which is not expected");
        Finding::new(Kind::SurplusRevision, message)
    })
}

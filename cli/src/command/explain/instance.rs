//! One instance: its gates, and the steps that its workloads hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{JoinKind, Task, Transition, Workflow};
use stepgate_decision::keys::{KeyRing, RustCrypto};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::step::PlainStep;
use stepgate_decision::token::{TokenType, UnverifiedToken};
use stepgate_decision::{Denial, Facts, Gate, OpenTransition, Randomness, UnixTime, Verdict, inbound, judge_step};
use stepgate_render::EphemeralGate;

use crate::command::error::CommandError;
use crate::command::gate_keys;
use crate::command::input::Input;

/// A step that a workload holds.
#[derive(Clone)]
pub(super) struct HeldStep {
    pub(super) at: Arc<Task>,
    pub(super) holder: String,
    pub(super) token_type: TokenType,
    /// One token or plain step; of a join one for each source so far, of several tasks one of each.
    evidence: Vec<(Option<TaskName>, String)>,
}

impl HeldStep {
    /// The value of the step header.
    pub(super) fn value(&self) -> String {
        self.evidence.iter().map(|(_, step)| step.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Whether its holder may present it for this task.
    pub(super) fn leads_to(&self, workflow: &Workflow, to: &Task) -> bool {
        workflow.leaving(&self.at).any(|transition| {
            let holder = SpiffeId::try_from(self.holder.as_bytes());
            let is_caller = holder.is_ok_and(|holder| transition.caller.includes(&holder));
            transition.to.name == to.name && is_caller && transition.via == (self.token_type == TokenType::Receipt)
        })
    }
}

/// An instance on its way through the gates.
pub(super) struct Instance {
    pub(super) gate: Gate,
    /// Keys that sign for every actor, unless the gate's own do.
    ephemeral: Option<KeyRing>,
    /// The replay record of each workload.
    records: BTreeMap<String, MemoryStore>,
    /// The steps that it has left, the latest last.
    held: Vec<HeldStep>,
    /// The part of the history that is not known, where the instance begins with the step of `--at`.
    pub(super) assumed: Option<Vec<TaskName>>,
}

impl Instance {
    /// An instance with the keys of this environment, or with ephemeral ones.
    pub(super) fn new(config: GateConfig, with_keys_of_gate: bool) -> Result<Self, CommandError> {
        let (gate, ephemeral) = if with_keys_of_gate {
            (gate_keys::gate(config)?, None)
        } else {
            let EphemeralGate { gate, keys } = EphemeralGate::new(config).map_err(CommandError::failed)?;
            (gate, Some(keys))
        };
        Ok(Self { gate, ephemeral, records: BTreeMap::new(), held: Vec::new(), assumed: None })
    }

    /// The keys that sign.
    pub(super) fn keys(&self) -> &KeyRing {
        self.ephemeral.as_ref().unwrap_or_else(|| self.gate.keys())
    }

    /// The decision of the gate of the called workload.
    pub(super) fn decide(&mut self, own: &str, facts: &Facts) -> Verdict {
        inbound(Some(&self.gate), facts, &RustCrypto, self.records.entry(own.to_owned()).or_default())
    }

    /// The steps at this task that this peer holds, where they are given; the latest first.
    pub(super) fn held(&self, at: Option<&Task>, peer: Option<&str>) -> impl Iterator<Item = &HeldStep> {
        let is_there = move |step: &&HeldStep| at.is_none_or(|at| at.name == step.at.name);
        let is_peers = move |step: &&HeldStep| peer.is_none_or(|peer| peer == step.holder);
        self.held.iter().rev().filter(is_there).filter(is_peers)
    }

    /// Takes over the steps of a permit, or those of `--at`; `own` holds a plain step. Returns the steps held from now on.
    pub(super) fn keep<'s>(&mut self, own: &str, steps: impl IntoIterator<Item = &'s str>) -> Vec<HeldStep> {
        let mut kept: Vec<HeldStep> = Vec::new();
        for step in steps {
            let Some((workflow, mut new)) = self.read(step, own) else { continue };
            let same = |other: &&HeldStep| {
                (&other.at.name, &other.holder, other.token_type) == (&new.at.name, &new.holder, new.token_type)
            };
            let earlier = self.held.iter().rev().find(same).filter(|_| new.at.join == JoinKind::All);
            let sources = |source: &Option<TaskName>| new.evidence.iter().any(|(from, _)| from == source);
            let others: Vec<_> = earlier
                .into_iter()
                .flat_map(|step| &step.evidence)
                .filter(|(from, _)| !sources(from))
                .cloned()
                .collect();
            new.evidence.extend(others);
            kept.retain(|other| !same(&other));
            kept.push(new.clone());
            self.held.push(new.clone());
            let together = self.together(&workflow, &new);
            kept.extend(together.iter().cloned());
            self.held.extend(together);
        }
        kept
    }

    /// What its holder may present together with this step, where it has all the steps of a transition from several tasks.
    fn together(&self, workflow: &Workflow, new: &HeldStep) -> Vec<HeldStep> {
        let several = workflow.leaving_with_others(&new.at).filter(|transition| transition.sources().len() > 1);
        let several: BTreeMap<&TaskName, &Arc<Transition>> = several.map(|one| (&one.from.name, one)).collect();
        let whole = |transition: &&Arc<Transition>| {
            let of = |source: &Arc<Task>| {
                let mut held = self.held(Some(source.as_ref()), Some(&new.holder));
                held.find(|step| step.token_type == new.token_type)?.evidence.first().cloned()
            };
            let evidence = transition.sources().iter().map(of).collect::<Option<_>>()?;
            Some(HeldStep { at: Arc::clone(&transition.from), evidence, ..new.clone() })
        };
        several.values().filter_map(whole).collect()
    }

    /// The transitions that these steps open, without the one that was just taken; if there are none, the denial of all
    /// requests with the last of them.
    pub(super) fn next(
        &self,
        kept: &[HeldStep],
        input: &Input,
        now: UnixTime,
        taken: &str,
    ) -> Result<Vec<OpenTransition>, Denial> {
        let (mut open, mut denial) = (Vec::new(), None);
        for step in kept {
            let (name, line) = input.step_header(&step.value());
            let facts = Facts::received(None, "", vec![(name, line.into_bytes())], now, Randomness::default());
            match self.judge(&facts) {
                Ok(judged) => open.extend(judged.into_iter().filter(|one| one.transition.to_string() != taken)),
                Err(why) => denial = Some(why),
            }
        }
        match denial {
            Some(denial) if open.is_empty() => Err(denial),
            Some(_) | None => Ok(open),
        }
    }

    /// The transitions that the step of a request opens, whatever else it asks for.
    pub(super) fn judge(&self, facts: &Facts) -> Result<Vec<OpenTransition>, Denial> {
        judge_step(&self.gate, facts, &RustCrypto).map(|judged| judged.open)
    }

    fn read(&self, step: &str, own: &str) -> Option<(Arc<Workflow>, HeldStep)> {
        let (workflow, revision, task, from, holder, token_type) = if let Ok(token) = UnverifiedToken::parse(step) {
            let (claims, token_type) = (token.claims().clone(), token.token_type());
            (claims.wf.name, claims.wf.rev, claims.wf.task, claims.wf.from, claims.sub.to_string(), token_type)
        } else {
            let PlainStep { workflow, revision, task } = PlainStep::parse(step).ok()?;
            (workflow, revision, task, None, own.to_owned(), TokenType::Arrival)
        };
        let mut workflows = self.gate.config().workflows.iter();
        let workflow = workflows.find(|one| one.name == workflow && one.revision == revision)?;
        let at = Arc::clone(workflow.tasks.get(&task)?);
        Some((Arc::clone(workflow), HeldStep { at, holder, token_type, evidence: vec![(from, step.to_owned())] }))
    }
}

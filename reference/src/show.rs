//! Checks that the presented tokens are one complete, unexpired step, issued by the right gate and held by the peer.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepgate_config::gate::GateConfig;
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task, Transition};

use crate::ancestry::{performed, rounds};
use crate::arrival::{Arrival, Past, Times, is_join, seconds};
use crate::denied::{Denied, deny, require};
use crate::kind::Kind;
use crate::reader::Reader;
use crate::renamed::{documented, is_one};
use crate::request::Request;
use crate::token::{Flaw, Token};
use crate::ways;

impl Reader {
    /// The task at which the instance is, and the arrivals that prove it.
    pub(crate) fn check_shown(
        &self,
        gate: &GateConfig,
        request: &Request,
        peer: &SpiffeId,
    ) -> Result<(Arc<Task>, Vec<Arc<Arrival>>), Denied> {
        let texts: Vec<&str> = request.shown.iter().map(|shown| shown.text()).collect();
        let twice = texts.iter().enumerate().any(|(at, text)| texts.iter().take(at).any(|before| before == text));
        require(!twice && texts.iter().all(|text| !text.is_empty()), "BAD_STEP")?;
        let tokens: Vec<&Token> = request.shown.iter().filter_map(|shown| shown.token()).collect();
        match (texts.as_slice(), tokens.as_slice()) {
            ([text], []) => {
                let at = self.check_plain(gate, text)?;
                let carries = self.carries_on(&at, |_, caller| caller.includes(peer));
                require(carries || at.performer.includes(peer), "WRONG_HOLDER")?;
                Ok((at, Vec::new()))
            }
            (_, [first, ..]) if tokens.len() == texts.len() => {
                let at = self.check_tokens(gate, request.now, &tokens, first)?;
                let issued = tokens.iter().all(|token| self.issuer_may_speak(token));
                require(issued, "WRONG_ISSUER")?;
                require(tokens.iter().all(|token| is_one(&self.workflow, &token.holder, peer)), "WRONG_HOLDER")?;
                Ok((at, tokens.iter().map(|token| Arc::clone(&token.arrival)).collect()))
            }
            _ => deny("BAD_STEP"),
        }
    }

    /// A plain step `workflow/revision/task`.
    fn check_plain(&self, gate: &GateConfig, text: &str) -> Result<Arc<Task>, Denied> {
        let parts: Vec<&str> = text.split('/').collect();
        let [name, revision, task] = parts.as_slice() else { return deny("BAD_STEP") };
        let number = revision.chars().all(|c| c.is_ascii_digit()) && !revision.starts_with('0');
        require(is_name(name) && is_name(task) && number && revision.parse::<u32>().is_ok(), "BAD_STEP")?;
        require(*name == self.workflow.name.as_str(), "UNKNOWN_WORKFLOW")?;
        require(*revision == self.workflow.revision.to_string(), "REVISION_RETIRED")?;
        require(!self.signed(), "WRONG_TYPE")?;
        require(!gate.revoked.workflows.contains(&self.workflow.name), "REVOKED")?;
        let at = self.workflow.tasks.get(*task).cloned().ok_or(Denied("NO_TRANSITION"))?;
        // It may be a new instance.
        require(self.workflow.open || !at.initial, "REVISION_RETIRED")?;
        Ok(at)
    }

    /// Checks form, list, signatures, times and document.
    fn check_tokens(&self, gate: &GateConfig, now: u64, tokens: &[&Token], first: &Token) -> Result<Arc<Task>, Denied> {
        let leeway = seconds(gate.leeway);
        let at = &first.arrival.task;
        for token in tokens {
            require(token.flaw != Some(Flaw::Form), "BAD_STEP")?;
            require(token.flaw != Some(Flaw::Type), "WRONG_TYPE")?;
        }
        self.check_list(tokens, first)?;
        for token in tokens {
            match token.flaw {
                // Keys are those of the workflow that the claims name.
                Some(Flaw::KeyId | Flaw::Workflow) => return deny("UNKNOWN_KEY"),
                Some(Flaw::Algorithm | Flaw::Signature | Flaw::Content) => return deny("BAD_SIGNATURE"),
                Some(
                    Flaw::Form | Flaw::Type | Flaw::Revision | Flaw::Digest | Flaw::Members | Flaw::Task | Flaw::Start,
                )
                | None => {}
            }
            require(now < token.arrival.times.exp.saturating_add(leeway), "EXPIRED")?;
            require(token.arrival.times.iat <= now.saturating_add(leeway), "NOT_YET")?;
        }
        require(first.flaw != Some(Flaw::Revision), "REVISION_RETIRED")?;
        require(self.signed(), "WRONG_TYPE")?;
        require(tokens.iter().all(|token| token.flaw != Some(Flaw::Digest)), "UNKNOWN_WORKFLOW")?;
        // Only a start token has no parents.
        let orphan = |token: &Token| token.arrival.start && token.kind != Kind::Arrival;
        let fits = |token: &&Token| {
            token.flaw != Some(Flaw::Members)
                && !orphan(token)
                && self.names_performers(&token.arrival)
                && self.keeps_bounds(&token.arrival)
                && (token.arrival.start || self.is_whole(token))
        };
        require(tokens.iter().all(fits), "BAD_STEP")?;
        require(tokens.iter().all(|token| self.lives(token, leeway)), "BAD_STEP")?;
        require(!gate.revoked.instances.contains(&first.arrival.instance), "REVOKED")?;
        require(!gate.revoked.workflows.contains(&self.workflow.name), "REVOKED")?;
        require(first.flaw != Some(Flaw::Task), "NO_TRANSITION")?;
        let shown: BTreeSet<&TaskName> = tokens.iter().map(|token| &token.arrival.task.name).collect();
        match shown.len() {
            1 => Ok(Arc::clone(at)),
            _ => ways::place(&self.workflow, &shown).cloned().ok_or(Denied("JOIN_INCOMPLETE")),
        }
    }

    /// Several tokens are of one instance, at one join of this document, and no more than it has sources; or at several tasks
    /// that a transition leaves together, one at each.
    fn check_list(&self, tokens: &[&Token], first: &Token) -> Result<(), Denied> {
        if tokens.len() < 2 {
            return Ok(());
        }
        let elsewhere = |token: &&&Token| matches!(token.flaw, Some(Flaw::Workflow | Flaw::Revision | Flaw::Task));
        require(!tokens.iter().any(|token| elsewhere(&token)), "BAD_STEP")?;
        require(tokens.iter().all(|token| token.arrival.instance == first.arrival.instance), "BAD_STEP")?;
        let shown: BTreeSet<&TaskName> = tokens.iter().map(|token| &token.arrival.task.name).collect();
        if shown.len() > 1 || !is_join(&first.arrival.task) {
            let leaves = |t: &Transition| shown.iter().all(|task| ways::leaves(t, task));
            require(ways::together(&self.workflow).any(|t| leaves(t)), "BAD_STEP")?;
            return require(tokens.len() == shown.len(), "JOIN_INCOMPLETE");
        }
        let sources = ways::sources(&self.workflow, &first.arrival.task.name);
        require(tokens.len() <= sources.len(), "JOIN_INCOMPLETE")
    }

    /// Whether those who are said to have performed tasks under a constraint are of the tasks' actors.
    fn names_performers(&self, arrival: &Arc<Arrival>) -> bool {
        let counted = |task: &TaskName| self.workflow.constraints.iter().any(|one| one.tasks.contains(task));
        let may = |(task, id): &(TaskName, SpiffeId)| {
            !counted(task)
                || self
                    .workflow
                    .tasks
                    .get(task)
                    .is_some_and(|task| task.performer.includes(id) && documented(&self.workflow, id) == *id)
        };
        performed(std::slice::from_ref(arrival)).iter().all(may)
    }

    /// Whether no task was entered more often than it may be.
    fn keeps_bounds(&self, arrival: &Arc<Arrival>) -> bool {
        let line = std::slice::from_ref(arrival);
        let kept = |task: &Arc<Task>| task.max_visits.is_none_or(|bound| self.visits(line, &task.name) <= bound);
        self.workflow.tasks.values().all(kept)
    }

    /// Whether a token says all that its gate must say: that the gate's own workload performs the task, if a constraint
    /// asks; that this workload holds an arrival; and which passage of each fork behind leads to a join ahead.
    fn is_whole(&self, token: &Token) -> bool {
        let Token { arrival, holder, kind, .. } = token;
        let (at, line) = (&arrival.task, std::slice::from_ref(arrival));
        let counted = self.workflow.constraints.iter().any(|one| one.tasks.contains(&at.name));
        let own = (at.name.clone(), documented(&self.workflow, &arrival.issuer));
        let colleagues = at.performer.includes(&arrival.issuer) && at.performer.includes(holder);
        let mut ahead = self.forks.iter().filter(|(join, fork)| **fork != at.name && self.leads(at, join, fork));
        (!counted || performed(line).contains(&own))
            && (*kind == Kind::Receipt || !colleagues || is_one(&self.workflow, &arrival.issuer, holder))
            && ahead.all(|(_, fork)| rounds(line, fork).iter().any(Option::is_some))
    }

    /// Whether an arrival has the times that some gates give it: no two of their clocks differ by more than the leeway.
    /// How long tokens of a task live that it does not have, the document does not say.
    fn lives(&self, token: &Token, leeway: u64) -> bool {
        let Times { iat, exp, dl } = token.arrival.times;
        let ends_by = |end: u64, begin: u64, life: u64| end <= begin.saturating_add(life).saturating_add(leeway);
        ends_by(dl, iat, seconds(self.workflow.deadline))
            && (token.flaw == Some(Flaw::Task) || ends_by(exp, iat, seconds(token.arrival.task.ttl)))
            && ends_by(exp, dl, 0)
            && ends_by(iat, exp, 0)
    }

    /// The gate of the performer speaks for a task. Only a start is issued by an actor that may be called first, and
    /// says no more than that the holder has begun.
    fn issuer_may_speak(&self, token: &Token) -> bool {
        let Token { arrival, holder, kind, flaw, .. } = token;
        let speaks = |actor: &Actor| actor.includes(&arrival.issuer);
        if !arrival.start || *kind != Kind::Arrival {
            return speaks(&arrival.task.performer);
        }
        let mut leaving = self.workflow.transitions.iter().filter(|t| t.from.name == arrival.task.name);
        let plain = *flaw != Some(Flaw::Start)
            && arrival.past == Past::default()
            && is_one(&self.workflow, &arrival.performer, holder);
        plain && arrival.task.performer.includes(holder) && leaving.any(|t| speaks(&t.to.performer))
    }
}

/// Whether the language could have this name.
fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(letter)
}

//! Entering a task: the conditions on the ancestry, and the new arrival.

use std::sync::Arc;

use stepgate_config::gate::GateConfig;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition};

use crate::arrival::{Arrival, Arrived, Past, Permitted, Times, derived, is_join, seconds};
use crate::delays;
use crate::denied::{Denied, require};
use crate::guard;
use crate::reader::Reader;
use crate::renamed::{documented, starter};
use crate::request::Request;
use crate::span::Span;

impl Reader {
    pub(crate) fn enter(
        &mut self,
        gate: &GateConfig,
        request: &Request,
        peer: &SpiffeId,
        transition: &Arc<Transition>,
        evidence: &[Arc<Arrival>],
        start: Option<&Arc<Arrival>>,
    ) -> Result<Permitted, Denied> {
        let to = &transition.to;
        let times = self.times(evidence, to, request.now);
        let instance = evidence.first().map(|arrival| arrival.instance.clone());
        if self.signed() {
            require(request.now < times.dl, "DEADLINE")?;
            require(to.max_visits.is_none_or(|bound| self.visits(evidence, &to.name) < bound), "TOO_MANY_VISITS")?;
            require(self.keeps_constraints(evidence, to, &documented(&self.workflow, &request.gate)), "CONSTRAINT")?;
            require(self.is_complete(evidence, &transition.from), "JOIN_INCOMPLETE")?;
            let Span { first, last } = Span::of(transition, evidence, seconds(gate.leeway));
            require(request.now >= first, "TOO_EARLY")?;
            require(request.now <= last, "TOO_LATE")?;
        }
        let guarded = guard::holds(&self.workflow, transition, request, peer, instance.as_deref());
        require(guarded, "GUARD")?;
        let begins = start.is_some() || evidence.iter().any(|arrival| arrival.start);
        if begins && self.signed() {
            require(self.takes_a_start(gate, request, peer), "TOO_MANY_STARTS")?;
        }
        let left = self.left(evidence, &transition.from);
        let mut name = vec!["child", left.as_str(), to.name.as_str()];
        let nth;
        if self.signed() {
            let replica = format!("{} {}", request.gate, request.replica);
            let key = (replica.clone(), left.clone(), transition.to_string());
            let count = self.taken.entry(key).or_default();
            require(*count < transition.uses, "ALREADY_TAKEN")?;
            *count = count.saturating_add(1);
            if transition.uses > 1 {
                // A gate draws a name: no two uses have one, at whichever replica.
                nth = format!("{replica} {count}");
                name.push(&nth);
            }
        }
        let arrival = Arrival {
            task: Arc::clone(to),
            from: is_join(to).then(|| transition.from.name.clone()),
            parents: evidence.to_vec(),
            past: Past::default(),
            name: derived(&name),
            left,
            performer: documented(&self.workflow, &request.gate),
            issuer: request.gate.clone(),
            instance: instance.unwrap_or_default(),
            times,
            start: false,
        };
        Ok(Permitted::Transition(Box::new(Arrived {
            transition: Arc::clone(transition),
            arrival: Arc::new(arrival),
            start: start.filter(|_| self.signed()).map(Arc::clone),
            receipt: self.signed() && self.carries_on(to, |t, caller| t.via && caller.name == transition.caller.name),
        })))
    }

    /// Whether the peer may begin one more instance: a bucket that is full at first, from which each start takes a part,
    /// and which fills again in one period.
    fn takes_a_start(&mut self, gate: &GateConfig, request: &Request, peer: &SpiffeId) -> bool {
        let leeway = seconds(gate.leeway);
        let instance = seconds(self.workflow.deadline).saturating_add(leeway);
        let delays = self.delays.get_or_init(|| delays::of(&self.workflow));
        let entry = |task: &Arc<Task>| match task.behind_join {
            true => instance,
            false => {
                let (held, tokens) = delays.get(&task.name).copied().unwrap_or_default();
                let clocks = leeway.saturating_mul(tokens.saturating_add(2));
                held.saturating_add(seconds(task.ttl)).saturating_add(clocks).min(instance)
            }
        };
        let life = self.workflow.transitions.iter().map(|transition| entry(&transition.from)).max().unwrap_or_default();
        let (count, period) =
            gate.starts.map_or((80_000, life.max(1)), |rate| (u64::from(rate.count), rate.period.as_secs()));
        let full = count.saturating_mul(period);
        let replica = format!("{} {}", request.gate, request.replica);
        let (left, since) = self.starts.entry((replica, starter(&self.workflow, peer))).or_insert((full, request.now));
        let filled = request.now.saturating_sub(*since).saturating_mul(count);
        *left = full.min(left.saturating_add(filled));
        *since = request.now;
        let after = left.checked_sub(period);
        *left = after.unwrap_or(*left);
        after.is_some()
    }

    /// The times of a child: it ends no later than its instance, nor than any part of a join's evidence.
    fn times(&self, evidence: &[Arc<Arrival>], to: &Task, now: u64) -> Times {
        let beginning = Times::beginning(&self.workflow, to, now);
        let dl = evidence.iter().map(|parent| parent.times.dl).min().unwrap_or(beginning.dl);
        let mut exp = now.saturating_add(seconds(to.ttl)).min(dl);
        if evidence.len() > 1 {
            exp = evidence.iter().map(|parent| parent.times.exp).fold(exp, u64::min);
        }
        Times { iat: now, exp, dl }
    }
}

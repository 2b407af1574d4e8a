//! The tokens of a gate that lies: it has the key of its own actor, and writes whatever claims it likes.

use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::{Crypto, Key};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken};

use crate::gates::Gates;
use crate::history::{Arrival, History, Kind, Token, TokenId, Workload};
use crate::perfect::Perfect;
use crate::record::at;

/// The adversary's gate.
pub struct Rogue<'g> {
    gates: &'g Gates,
    workflow: &'g Workflow,
    key: &'g Key,
    actor: &'g str,
}

const KINDS: [(Kind, TokenType); 2] = [(Kind::Arrival, TokenType::Arrival), (Kind::Receipt, TokenType::Receipt)];

impl<'g> Rogue<'g> {
    /// The gate of this actor.
    pub fn of(gates: &'g Gates, actor: &'g str) -> Self {
        let workflow = gates.workflows()[0];
        let key = gates.gate().keys().find(&workflow.name, actor).unwrap();
        Self { gates, workflow, key, actor }
    }

    /// For each task, holder and kind a token of an instance that never began, in the name of the task's performer and in
    /// its own.
    pub fn invented(&self, history: &History) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        for task in self.workflow.tasks.values() {
            for holder in self.holders() {
                for (kind, token_type) in KINDS {
                    let holder_id = &self.gates.workloads[usize::from(holder)];
                    let step = Step {
                        workflow: self.workflow,
                        task,
                        holder: holder_id,
                        instance: "invented",
                        token_type,
                        issued: at(0, 0),
                    };
                    for claims in synthetic_claims(&step) {
                        let arrival = Arrival {
                            name: claims.jti.clone(),
                            task: task.name.to_string(),
                            performer: holder,
                            parents: vec![],
                            instance: "invented".to_owned(),
                            time: 0,
                            claimed: true,
                        };
                        tokens.extend(self.sign(history, &arrival, (kind, token_type), holder, claims));
                    }
                }
            }
        }
        tokens
    }

    /// Another gate's token, made out to each other holder.
    pub fn reissued(&self, history: &History, token: TokenId) -> Vec<TokenId> {
        let token = history.tokens.value(token);
        let claims = UnverifiedToken::parse(&token.text).unwrap().claims().clone();
        let arrival = Arrival { claimed: true, ..history.arrivals.value(token.arrival).as_ref().clone() };
        let others = self.holders().filter(|holder| *holder != token.holder);
        others
            .flat_map(|holder| {
                let claims = Claims { sub: self.gates.workloads[usize::from(holder)].clone(), ..claims.clone() };
                let one = |kinds| self.sign(history, &arrival, kinds, holder, claims.clone());
                KINDS.into_iter().flat_map(one).collect::<Vec<_>>()
            })
            .collect()
    }

    fn holders(&self) -> impl Iterator<Item = Workload> + use<> {
        0..u8::try_from(self.gates.workloads.len()).unwrap()
    }

    /// In the issuer's name, and in its own.
    fn sign(
        &self,
        history: &History,
        arrival: &Arrival,
        (kind, token_type): (Kind, TokenType),
        holder: Workload,
        claims: Claims,
    ) -> Vec<TokenId> {
        let own =
            self.workflow.actors.values().find(|actor| actor.name.as_str() == self.actor).unwrap().spiffe[0].clone();
        let mut tokens: Vec<TokenId> = [claims.clone(), Claims { iss: own, ..claims }]
            .iter()
            .map(|claims| {
                let text = Perfect.sign(self.key, token_type, claims).unwrap();
                history.tokens.number(Token { text, arrival: history.arrivals.number(arrival.clone()), kind, holder })
            })
            .collect();
        tokens.dedup();
        tokens
    }
}

//! The workflow that is measured, at each level, and the tokens of its requests.

use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::GateConfig;
use stepgate_config::name::Kid;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::TokenType;
use stepgate_decision::{Gate, UnixTime};

use crate::environment::Environment;

/// The calling actor; it has reached `middle`.
pub(super) const CALLER: &str = "spiffe://bench.example/ns/bench/sa/second";
/// The actor whose gate is measured.
pub(super) const CALLED: &str = "spiffe://bench.example/ns/bench/sa/third";
/// The request, which takes the transition `middle -> end`.
pub(super) const REQUEST: (&str, &str) = ("POST", "/end/7");
/// A header that the guard reads; all variants carry it.
pub(super) const GUARDED_HEADER: (&str, &str) = ("x-amount", "1250");

/// The checks that the gate makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Identity,
    Hs256,
    Es256,
    EdDsa,
    Guarded,
}

impl Level {
    pub(super) const ALL: [Self; 5] = [Self::Identity, Self::Hs256, Self::Guarded, Self::EdDsa, Self::Es256];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Identity => "gate, identity",
            Self::Hs256 => "gate, signed HS256",
            Self::Es256 => "gate, signed ES256",
            Self::EdDsa => "gate, signed EdDSA",
            Self::Guarded => "gate, signed HS256, a guard",
        }
    }

    /// The variable of the corpus that holds its key.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Identity | Self::Hs256 | Self::Guarded => "KEY_FILM",
            Self::Es256 => "KEY_NEWS_WRITER",
            Self::EdDsa => "KEY_NEWS_PRINTER",
        }
    }

    /// The configuration of its gate.
    pub(super) fn configuration(self, further: Further) -> String {
        let (assurance, keys) = match self {
            Self::Identity => ("identity", String::new()),
            Self::Hs256 | Self::Es256 | Self::EdDsa | Self::Guarded => {
                let key = self.key();
                ("signed", format!("keys:\n  - {{workflow: bench, kid: now, use: sign, env: {key}}}\n"))
            }
        };
        let guard = match self {
            Self::Guarded => r#", when: 'peer.tenure > 10 && request.headers["x-amount"].matches("^[1-9][0-9]*$")'"#,
            Self::Identity | Self::Hs256 | Self::Es256 | Self::EdDsa => "",
        };
        let (mut tasks, mut transitions) = (String::new(), String::new());
        let count = further.tasks();
        for n in 0..count {
            let to = format!("task-{n}");
            tasks.push_str(&format!(
                "      {to}: {{actor: second, requests: [{{methods: [POST], path: \"/{to}/{{id}}\"}}]}}\n"
            ));
            let mut lead = |from: &str| transitions.push_str(&format!("      - {{from: {from}, to: {to}}}\n"));
            match (further, n) {
                (Further::Fan(_), _) => lead("middle"),
                (_, 0) => lead("end"),
                (_, n) => lead(&format!("task-{}", n.saturating_sub(1))),
            }
            if let Further::Web(_) = further {
                (2..=3).filter_map(|back| n.checked_sub(back)).for_each(|from| lead(&format!("task-{from}")));
            }
        }
        format!(
            r#"{keys}workflows:
  - workflow: bench
    revision: 1
    trust_domain: bench.example
    assurance: {assurance}
    actors:
      first: {{spiffe: [ns/bench/sa/first]}}
      second: {{spiffe: [ns/bench/sa/second], attributes: {{tenure: 12}}}}
      third: {{spiffe: [ns/bench/sa/third]}}
    tasks:
      begin: {{actor: first, initial: true}}
      middle: {{actor: second, requests: [{{methods: [POST], path: "/middle/{{id}}"}}]}}
      end: {{actor: third, requests: [{{methods: [POST], path: "/end/{{id}}"}}]}}
{tasks}    transitions:
      - {{from: begin, to: middle}}
      - {{from: middle, to: end{guard}}}
{transitions}"#
        )
    }
}

/// Further tasks of the workflow.
#[derive(Debug, Clone, Copy)]
pub(super) enum Further {
    /// A chain of tasks after the last one.
    Chain(usize),
    /// The same, in which each task is also reached from the second and the third task before it.
    Web(usize),
    /// Tasks that the measured transition's task also leads to.
    Fan(usize),
}

impl Further {
    pub(super) const NONE: Self = Self::Chain(0);
    /// With 10,000 transitions.
    pub(super) const LARGE: Self = Self::Web(3_333);

    fn tasks(self) -> usize {
        match self {
            Self::Chain(tasks) | Self::Web(tasks) | Self::Fan(tasks) => tasks,
        }
    }
}

/// A configuration that was read.
pub(super) fn read(text: &str) -> Result<GateConfig, String> {
    let read = stepgate_config::read_gate(text.as_bytes()).into_result();
    read.map(|(config, _)| config)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The gate of a configuration.
pub(super) fn gate(config: GateConfig, keys: &Environment) -> Result<Gate, String> {
    Gate::new(config, &|name| keys.get(name)).map(|(gate, _)| gate).map_err(|errors| format!("{errors:?}"))
}

/// One level with the key of its tokens.
pub(super) struct Scene {
    pub(super) level: Level,
    pub(super) config: GateConfig,
    key: Key,
    minted: u64,
}

impl Scene {
    pub(super) fn new(level: Level, further: Further, keys: &Environment) -> Result<Self, String> {
        let jwk = keys.get(level.key()).ok_or("the corpus lacks a key")?;
        let kid = Kid::try_from("now").map_err(|error| error.to_string())?;
        let key = Key::new(kid, KeyActor::Any, &jwk).map_err(|error| error.to_string())?;
        Ok(Self { level, config: read(&level.configuration(further))?, key, minted: 0 })
    }

    /// This many steps at `middle`, each of an instance of its own: a gate accepts none twice.
    pub(super) fn steps(&mut self, count: usize) -> Result<Vec<String>, String> {
        (0..count).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Result<String, String> {
        if self.level == Level::Identity {
            return Ok("bench/1/middle".to_owned());
        }
        self.minted = self.minted.saturating_add(1);
        let workflow = self.config.workflows.first().ok_or("no workflow")?;
        let task = workflow.tasks.get("middle").ok_or("no task")?;
        let holder = workflow.actors.get("second").and_then(|actor| actor.spiffe.first());
        let claims = synthetic_claims(&Step {
            workflow,
            task,
            holder: holder.ok_or("no holder")?,
            instance: &format!("i-{}", self.minted),
            token_type: TokenType::Arrival,
            issued: now(),
        });
        let claims = claims.first().ok_or("no claims")?;
        RustCrypto.sign(&self.key, TokenType::Arrival, claims).map_err(|error| error.to_string())
    }
}

pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}

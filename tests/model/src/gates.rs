//! The gates: the real decision, asked in this process.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use stepgate_config::GateConfig;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Workflow;
use stepgate_decision::permit::HeaderMap;
use stepgate_decision::replay_record::{Entry, consume};
use stepgate_decision::switch::Check;
use stepgate_decision::{Facts, Gate, ProxyError, UnixTime, Verdict, inbound, request_headers};

use crate::history::History;
use crate::perfect::Perfect;
use crate::record::{Record, Trace, Traced};
use crate::semantics::Request;
use crate::shape::{Shape, UNIT};

/// All facts of a decision but the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The request.
    pub request: Request,
    /// The gate's clock.
    pub now: UnixTime,
    /// Its randomness.
    pub random: u16,
    /// Whether the request reaches the application. If not, its use is given back.
    pub delivered: bool,
}

/// The tokens of a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// For the application.
    pub step: String,
    /// For the initiator.
    pub start: Option<String>,
    /// For the caller, once the application has answered.
    pub receipt: Option<String>,
}

/// A decision, and what it did with the record.
#[derive(Debug)]
pub struct Answer {
    /// Reads and writes.
    pub trace: Trace,
    /// The tokens, or the code of the denial.
    pub verdict: Result<Minted, String>,
}

/// All gates of a shape: they have one configuration, and differ by the workload that they are asked for.
pub struct Gates {
    /// The workloads of all actors.
    pub workloads: Vec<SpiffeId>,
    /// All paths of tasks, and one that is of none.
    pub paths: Vec<String>,
    gate: Gate,
    counts_starts: bool,
    off: Vec<Check>,
    /// A decision is pure, so each one is made once.
    made: RwLock<HashMap<Ask, Vec<Arc<Answer>>>>,
}

impl Gates {
    /// The gates of a shape, without these checks.
    pub fn of(shape: &Shape, off: &[Check]) -> Self {
        let config = config(shape);
        let actors = config.workflows.iter().flat_map(|workflow| workflow.actors.values());
        let mut workloads: Vec<SpiffeId> = actors.flat_map(|actor| actor.spiffe.clone()).collect();
        workloads.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        workloads.dedup();
        let tasks = config.workflows.iter().flat_map(|workflow| workflow.tasks.values());
        let mut paths: Vec<String> = tasks
            .flat_map(|task| &task.requests)
            .filter_map(|one| one.path.as_ref())
            .map(ToString::to_string)
            .collect();
        paths.push("/none".to_owned());
        paths.sort_unstable();
        paths.dedup();
        let key = |_: &str| Some(r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#.to_owned());
        let (gate, _) = Gate::new(config, &key).unwrap();
        let (off, made) = (off.to_vec(), RwLock::default());
        Self { workloads, paths, gate, counts_starts: shape.starts.is_some(), off, made }
    }

    /// The documents.
    pub fn workflows(&self) -> Vec<&Workflow> {
        self.gate.config().workflows.iter().map(AsRef::as_ref).collect()
    }

    /// The gate that all of them are.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Decides.
    pub fn ask(&self, history: &History, ask: &Ask, record: &Record) -> Arc<Answer> {
        let fits = |answers: &Vec<Arc<Answer>>| answers.iter().find(|answer| answer.trace.fits(record)).cloned();
        if let Some(made) = self.made.read().unwrap().get(ask).and_then(fits) {
            return made;
        }
        let answer = Arc::new(self.decide(history, ask, record));
        self.made.write().unwrap().entry(ask.clone()).or_default().push(Arc::clone(&answer));
        answer
    }

    fn decide(&self, history: &History, ask: &Ask, record: &Record) -> Answer {
        let id = |workload: u8| self.workloads[usize::from(workload)].as_str();
        let texts: Vec<String> =
            ask.request.tokens.iter().map(|&token| history.tokens.value(token).text.clone()).collect();
        let step = texts.join(",");
        let step = (!step.is_empty()).then_some(("x-workflow-step", step.as_str()));
        let headers = request_headers("POST", &self.paths[usize::from(ask.request.path)], "m.example", step);
        let mut random = [7; 32];
        random[..2].copy_from_slice(&ask.random.to_be_bytes());
        random[16..18].copy_from_slice(&ask.random.to_be_bytes());
        let facts = Facts::received(Some(id(ask.request.peer)), id(ask.request.gate), headers, ask.now, random);
        let mut store = Traced::new(record, self.counts_starts);
        let verdict = self.switched(|| inbound(Some(&self.gate), &facts, &Perfect, &mut store));
        let verdict = match verdict {
            Verdict::Permitted(permit) => {
                let step = permit.step().to_owned();
                let reply = permit.apply(&mut Nowhere).unwrap();
                let (start, receipt) = (reply.start().map(str::to_owned), reply.receipt().map(str::to_owned));
                // Without a record there is no use to give back.
                if !ask.delivered && !self.off.contains(&Check::Record) {
                    assert!(reply.give_back(&mut store, ask.now).unwrap());
                }
                Ok(Minted { step, start, receipt })
            }
            Verdict::Denied(denied) => Err(denied.code().to_string()),
            Verdict::Exempt(_) | Verdict::Observed(..) => panic!("no gate here exempts or observes"),
        };
        Answer { trace: store.into_trace(), verdict }
    }

    #[cfg(feature = "switches")]
    fn switched<T>(&self, decide: impl FnOnce() -> T) -> T {
        stepgate_decision::switch::without(&self.off, decide)
    }

    #[cfg(not(feature = "switches"))]
    fn switched<T>(&self, decide: impl FnOnce() -> T) -> T {
        assert!(self.off.is_empty(), "checks are switched off with the feature `switches` only");
        decide()
    }

    /// The record once another transition was consumed in it, which drops all entries that have ended.
    pub fn swept(&self, record: &Record, now: UnixTime) -> Record {
        if record.is_empty() {
            return record.clone();
        }
        self.workflows().into_iter().fold(record.clone(), |record, workflow| {
            let mut store = Traced::new(&record, self.counts_starts);
            consume(&mut store, &Entry::new(workflow, "another", "another", now, u32::MAX), now).unwrap();
            record.after(&store.into_trace())
        })
    }
}

fn config(shape: &Shape) -> GateConfig {
    let keys = |workflow: &Workflow| -> Vec<String> {
        let key = |actor: &str, kid: &str| {
            format!(
                "  - {{workflow: {}, actor: {actor}, kid: {kid}, use: sign, env: KEY_{}}}\n",
                workflow.name,
                kid.to_uppercase()
            )
        };
        match shape.rogue {
            Some(_) => workflow.actors.keys().map(|actor| key(actor.as_str(), actor.as_str())).collect(),
            None => vec![key("\"*\"", workflow.name.as_str())],
        }
    };
    let limits = shape.starts.map_or(String::new(), |starts| format!("limits: {{starts: {starts}/1h}}\n"));
    // The keys need the actors, so the documents are read first.
    let read = |keys: &str| {
        let text = format!("leeway: {UNIT}s\n{limits}keys:\n{keys}workflows:\n{}", shape.documents);
        let (config, _): (GateConfig, _) = stepgate_config::read_gate(text.as_bytes())
            .into_result()
            .unwrap_or_else(|errors| panic!("{}: {errors:?}\n{text}", shape.name));
        config
    };
    let names = shape.documents.lines().filter_map(|line| line.trim_start_matches("  - ").strip_prefix("workflow: "));
    let first: String = names
        .map(|name| format!("  - {{workflow: {name}, kid: k-{name}, use: sign, env: KEY_{}}}\n", name.to_uppercase()))
        .collect();
    let without = read(&first);
    read(&without.workflows.iter().flat_map(|workflow| keys(workflow)).collect::<String>())
}

/// The headers of a request that the model does not look at.
struct Nowhere;

impl HeaderMap for Nowhere {
    fn remove(&mut self, _: &str) -> Result<(), ProxyError> {
        Ok(())
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), ProxyError> {
        Ok(())
    }
}

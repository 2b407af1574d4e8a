//! The decision behind each workload, with a record for each replica.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::Carrier;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Header, UnixTime, Verdict, inbound, request_headers};

use stepgate_reference::Request;

use super::document::{ALIAS, Document};

/// How far the clocks of two gates may be apart, in seconds.
pub(super) const LEEWAY: u64 = 300;
const KEY: &str = r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;

/// One configuration, and all replicas of all gates with this configuration.
#[derive(Debug)]
pub struct World {
    /// The configuration.
    pub config: GateConfig,
    gate: Gate,
    stores: BTreeMap<(String, String), MemoryStore>,
    asked: u64,
}

/// The tokens that a permit adds.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The step for the application.
    pub arrival: String,
    /// The start token.
    pub start: Option<String>,
    /// The receipt.
    pub receipt: Option<String>,
}

/// `check` rejects the document, or no gate can be built from it: all errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

/// The code of a denial, or an answer that no gate with these configurations gives.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotPermitted(String);

impl World {
    /// Gates of this document.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn new(document: &Document, carrier: Carrier) -> Result<Self, Refused> {
        let text = document.to_string();
        let said = |all: Vec<stepgate_config::Diagnostic>| {
            let errors = all.iter().map(ToString::to_string).filter(|one| one.starts_with("error"));
            Refused(errors.collect::<Vec<_>>().join("\n"))
        };
        stepgate_config::read_workflow(text.as_bytes()).into_result().map_err(said)?;
        let carrier = match carrier {
            Carrier::Header => "header",
            Carrier::Baggage => "baggage",
        };
        let mut whole = format!("leeway: {LEEWAY}s\ncarrier: {carrier}\n");
        whole.push_str("exempt: [{path: /all/x4, methods: [POST]}, {path: /all/x7, methods: [HEAD]}, {path: /all/x3, peers: [\"spiffe://td.x/nobody\"]}, {path: /t1, host: elsewhere, peers: anyone}]\n");
        whole.push_str("keys: [{workflow: w, kid: k, use: sign, env: KEY}]\nworkflows:\n");
        // Baggage cannot carry the steps of the other document's level.
        if carrier == "header" {
            whole.push_str(&other_document(document));
        }
        for (at, line) in text.lines().enumerate() {
            whole.push_str(&format!("  {} {line}\n", if at == 0 { '-' } else { ' ' }));
        }
        whole.push_str(&format!("    trust_domain_aliases: [{ALIAS}]\n"));
        let (config, _) = stepgate_config::read_gate(whole.as_bytes()).into_result().map_err(said)?;
        let (gate, _) =
            Gate::new(config.clone(), &|_| Some(KEY.to_owned())).map_err(|errors| Refused(format!("{errors:?}")))?;
        Ok(Self { config, gate, stores: BTreeMap::new(), asked: 0 })
    }

    /// The workflow of the document; the configuration may have another one beside it.
    ///
    /// # Panics
    /// If the configuration has none.
    pub fn workflow(&self) -> &Arc<Workflow> {
        #[allow(clippy::unwrap_used, reason = "the configuration was made from a document")]
        self.config.workflows.last().unwrap()
    }

    /// Lets the gate that gets the request decide.
    ///
    /// # Errors
    /// [`NotPermitted`].
    pub fn ask(&mut self, request: &Request, more: &[Header]) -> Result<Answer, NotPermitted> {
        self.asked = self.asked.saturating_add(1);
        let mut random = [0; 32];
        // The first half determines the instance, all of it the names of children.
        random.iter_mut().zip(self.asked.to_be_bytes()).for_each(|(to, from)| *to = from);
        let mut headers = request_headers(&request.method, &request.path, &request.host, []);
        headers.extend(request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())));
        headers.extend_from_slice(more);
        let now = UnixTime::from_seconds(request.now);
        let mut facts =
            Facts::received(request.peer.as_ref().map(SpiffeId::as_str), request.gate.as_str(), headers, now, random);
        // As long as the name of a replica may be.
        facts.replica = Some(format!("{:0>64}", request.replica));
        facts.port = request.port;
        let store = self.stores.entry((request.gate.to_string(), request.replica.clone())).or_default();
        match inbound(Some(&self.gate), &facts, &RustCrypto, store) {
            Verdict::Permitted(permit) => Ok(Answer {
                arrival: permit.step().to_owned(),
                start: permit.reply().start().map(str::to_owned),
                receipt: permit.reply().receipt().map(str::to_owned),
            }),
            Verdict::Denied(refusal) => Err(NotPermitted(refusal.code().to_string())),
            Verdict::Exempt(_) => Err(NotPermitted("exempt".to_owned())),
            Verdict::Observed(..) => Err(NotPermitted("only observed".to_owned())),
        }
    }
}

/// Another document of the same gate: each actor has a task within `/all/{id}`, and one that crosses it.
fn other_document(document: &Document) -> String {
    // A workload that is two of them would have two tasks for one request.
    let is_alone = |actor: &&String| {
        let shared = |id: &String| document.actors.values().filter(|ids| ids.contains(id)).count() > 1;
        !document.ids(actor).iter().any(shared)
    };
    let actors = || document.actors.keys().filter(is_alone);
    if actors().next().is_none() {
        return String::new();
    }
    let ids = |actor: &String| document.ids(actor).iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    let of = |part: &dyn Fn(&String) -> String| actors().map(part).collect::<String>();
    format!(
        "  - workflow: other\n    revision: 1\n    trust_domain: td.x\n    assurance: identity\n    \
         actors: {{first: {{spiffe: [first]}}{}}}\n    tasks: {{begin: {{actor: first, initial: true}}{}}}\n    \
         transitions: [{}]\n",
        of(&|actor| format!(", {actor}: {{spiffe: [{}]}}", ids(actor))),
        of(&|actor| format!(
            ", {actor}: {{actor: {actor}, requests: [{{methods: [PUT, POST], path: /all/x1}}, {{path: /all/x2}}, \
             {{methods: [GET], path: /all/x5}}, {{host: elsewhere, path: /all/x6}}]}}"
        )),
        of(&|actor| format!("{{from: begin, to: {actor}}}, ")).trim_end_matches(", "),
    )
}

//! A case of the corpus as a proxy plays it, with something smuggled into every part, and its outcome.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::gate::Carrier;
use stepgate_decision::{Header, UnixTime};
use stepgate_tests::corpus::{Corpus, Whole};
use stepgate_tests::prepared::requests;
use stepgate_tests::wasm::{
    Action, Exchange, Fault, Function, Kept, Module, Part, Proxy, ROOT, Vm, configure, count, proxy_for, start,
};

use crate::script::{Callback, Ids, STREAM, in_order};

/// Faults, by the number of the call.
pub(crate) type Faults = BTreeMap<usize, Fault>;

/// Smuggled parts of the request, its trailers and the response, which must not come out.
pub(crate) const SMUGGLED: &str = "smuggled";

/// A case, ready to be played.
pub(crate) struct Scenario<'a> {
    pub(crate) whole: &'a Whole,
    pub(crate) secrets: Vec<String>,
    proxy: Proxy,
    before: Vec<Exchange>,
    exchange: Exchange,
    kept: Option<Kept>,
}

/// The proxy's observations.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// The callbacks and the module's answers, each with the part at that time.
    pub(crate) asked: Vec<(Callback, Action, Vec<Header>)>,
    pub(crate) script: Vec<Callback>,
    pub(crate) calls: Vec<Function>,
    /// The first call that belongs to the stream.
    pub(crate) begins: usize,
    pub(crate) proxy: Option<Proxy>,
    /// If the module trapped, the message, and whether it may trap.
    pub(crate) trap: Option<(String, bool)>,
    pub(crate) memory: usize,
    /// The outcome of the very same request afterwards, with a proxy that behaves.
    pub(crate) again: Option<Action>,
}

impl Story {
    /// The module's first answer to a callback of the stream.
    pub(crate) fn answer(&self, wanted: Callback) -> Option<&(Callback, Action, Vec<Header>)> {
        self.asked.iter().find(|(callback, ..)| *callback == wanted)
    }
}

impl<'a> Scenario<'a> {
    pub(crate) fn of(corpus: &'a Corpus, whole: &'a Whole) -> Result<Self, String> {
        let now = whole.when.at.as_deref().map_or_else(now, |at| {
            let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
            UnixTime::from_seconds(u64::try_from(at.timestamp()).unwrap())
        });
        let prepared = requests(corpus, whole, now, "")?;
        let exchanges = prepared.iter().map(|request| Exchange::of(corpus, whole, request));
        let mut before = exchanges.collect::<Result<Vec<_>, _>>()?;
        let mut exchange = before.pop().ok_or("no request")?;
        let carrier = corpus.gate(whole)?.config.as_ref().map_or(Carrier::Header, |config| config.carrier);
        smuggle(&mut exchange, carrier);
        let secrets = corpus.environment.0.values().filter(|value| value.len() > 8).cloned().collect();
        let mut proxy = proxy_for(corpus, whole, now)?;
        proxy.has_crypto = has_es256(corpus, whole)?;
        Ok(Self { whole, secrets, proxy, before, exchange, kept: None })
    }

    /// Keeps the state before the stream, so that its callbacks need not be played again.
    pub(crate) fn keep(&mut self, module: &Module) -> Result<(), String> {
        let (mut vm, begun) = self.begun(module, &Faults::new())?;
        begun?;
        self.kept = Some(vm.kept());
        Ok(())
    }

    /// A VM before the stream, and whether it trapped already.
    fn begun(&self, module: &Module, faults: &Faults) -> Result<(Vm, Result<(), String>), String> {
        let mut proxy = self.proxy.clone();
        proxy.faults.clone_from(faults);
        let mut vm = module.vm(proxy)?;
        let begun = self.begin(&mut vm);
        Ok((vm, begun))
    }

    fn begin(&self, vm: &mut Vm) -> Result<(), String> {
        start(vm)?;
        // Gauges are set in the first second, and requests come later.
        vm.call("proxy_on_tick", &[ROOT])?;
        for (stream, exchange) in (2..).zip(&self.before) {
            // With faults, any outcome is possible.
            if let Err(why) = exchange.run(vm, stream)
                && why.contains("trapped")
            {
                return Err(why);
            }
        }
        Ok(())
    }

    pub(crate) fn title(&self) -> String {
        self.whole.title()
    }

    /// Plays the case; the faults are by the number of the call.
    pub(crate) fn run(&self, module: &Module, faults: &Faults, script: &[Callback]) -> Result<Story, String> {
        let (mut vm, begun) = match &self.kept {
            Some(kept) => {
                let mut vm = module.resumed(kept)?;
                assert!(faults.keys().all(|at| *at >= vm.proxy().calls.len()), "faults in calls before the kept state");
                vm.proxy().faults.clone_from(faults);
                (vm, Ok(()))
            }
            None => self.begun(module, faults)?,
        };
        let mut story = Story { begins: vm.proxy().calls.len(), script: script.to_vec(), ..Story::default() };
        let (mut ids, mut permitted) = (Ids::begun(), true);
        let mut played = begun;
        for callback in script {
            played = played.and_then(|()| {
                permitted &= ids.permit(*callback);
                self.play(&mut vm, *callback, &mut story)
            });
        }
        story.calls.clone_from(&vm.proxy().calls);
        story.memory = vm.memory();
        story.proxy = Some(vm.proxy().clone());
        vm.proxy().faults.clear();
        let again = Callback::Create(STREAM + 7);
        played = played.and_then(|()| {
            permitted &= ids.permit(again);
            self.play(&mut vm, again, &mut Story::default())?;
            self.exchange.begin(&mut vm);
            let arguments = [STREAM + 7, count(&self.exchange.headers), 1];
            story.again = Some(vm.ask("proxy_on_request_headers", &arguments)?);
            Ok(())
        });
        story.trap = played.err().map(|why| (why, !permitted || vm.proxy().may_trap));
        Ok(story)
    }

    /// The outcome with an honest proxy.
    pub(crate) fn honest(&self, module: &Module) -> Result<Story, String> {
        let story = self.run(module, &Faults::new(), &in_order())?;
        match story.trap {
            Some((why, _)) => Err(why),
            None => Ok(story),
        }
    }

    fn play(&self, vm: &mut Vm, callback: Callback, story: &mut Story) -> Result<(), String> {
        use Callback::*;
        let mut ask = |vm: &mut Vm, name: &str, part: Part, headers: Option<Vec<Header>>, arguments: &[u32]| {
            if let Some(headers) = headers {
                vm.proxy().set(part, headers);
            }
            let action = vm.ask(name, arguments)?;
            story.asked.push((callback, action, vm.proxy().part(part).to_vec()));
            Ok::<_, String>(())
        };
        let Exchange { headers, response, response_trailers, .. } = &self.exchange;
        match callback {
            Configure => configure(vm)?,
            Create(id) => drop(vm.call("proxy_on_context_create", &[id, ROOT])?),
            RequestHeaders(id) => {
                self.exchange.begin(vm);
                let arguments = [id, count(headers), 0];
                ask(vm, "proxy_on_request_headers", Part::RequestHeaders, None, &arguments)?;
            }
            RequestBody(id) => {
                // Behind an upgrade an honest client waits for the answer.
                let size = if headers.iter().any(|(name, _)| name == "upgrade") { 0 } else { 5 };
                ask(vm, "proxy_on_request_body", Part::RequestHeaders, None, &[id, size, 0])?;
            }
            RequestTrailers(id) => {
                let trailers = Some(smuggled(Carrier::Header));
                ask(vm, "proxy_on_request_trailers", Part::RequestTrailers, trailers, &[id, 4])?;
            }
            ResponseHeaders(id) => {
                let arguments = [id, count(response), 0];
                vm.proxy().properties.extend(self.exchange.delivery());
                ask(vm, "proxy_on_response_headers", Part::ResponseHeaders, Some(response.clone()), &arguments)?;
            }
            ResponseBody(id) => ask(vm, "proxy_on_response_body", Part::ResponseHeaders, None, &[id, 5, 0])?,
            ResponseTrailers(id) => {
                let (trailers, arguments) = (response_trailers.clone(), [id, count(response_trailers)]);
                ask(vm, "proxy_on_response_trailers", Part::ResponseTrailers, Some(trailers), &arguments)?;
            }
            Tick => drop(vm.call("proxy_on_tick", &[ROOT])?),
            Done(id) => drop(vm.call("proxy_on_done", &[id])?),
            Log(id) => drop(vm.call("proxy_on_log", &[id])?),
            Delete(id) => drop(vm.call("proxy_on_delete", &[id])?),
        }
        Ok(())
    }
}

/// Whether the gate has a key that uses the proxy's crypto.
fn has_es256(corpus: &Corpus, whole: &Whole) -> Result<bool, String> {
    let text = &corpus.gate(whole)?.text;
    let mut variables = corpus.environment.0.iter();
    Ok(variables.any(|(name, value)| value.contains("P-256") && text.contains(name.as_str())))
}

fn now() -> UnixTime {
    UnixTime::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// Parts that do not change the verdict, and must not come out.
fn smuggle(exchange: &mut Exchange, carrier: Carrier) {
    exchange.headers.extend(smuggled(carrier));
    exchange.response.extend(smuggled(Carrier::Header));
    exchange.response_trailers.extend(smuggled(Carrier::Header));
    let step = ("x-workflow-step".to_owned(), SMUGGLED.into());
    exchange.response.push(step.clone());
    exchange.response_trailers.push(step);
}

fn smuggled(carrier: Carrier) -> Vec<Header> {
    let mut headers = vec![
        ("x-workflow-step-start", SMUGGLED.to_owned()),
        ("x_workflow_step", SMUGGLED.to_owned()),
        ("x-stepgate-permit", SMUGGLED.to_owned()),
    ];
    // If the step travels in one of them, the other is only scrubbed.
    headers.push(match carrier {
        Carrier::Header => ("baggage", format!("other=1,step={SMUGGLED}")),
        Carrier::Baggage => ("x-workflow-step", SMUGGLED.to_owned()),
    });
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

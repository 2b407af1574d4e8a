//! The order in which the proxy calls back.

use std::collections::BTreeSet;

use stepgate_tests::random::Rng;
use stepgate_tests::wasm::ROOT;

/// A callback, and its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    Configure,
    Create(u32),
    RequestHeaders(u32),
    RequestBody(u32),
    RequestTrailers(u32),
    ResponseHeaders(u32),
    ResponseBody(u32),
    ResponseTrailers(u32),
    Tick,
    Done(u32),
    Log(u32),
    Delete(u32),
}

/// The stream of the case.
pub(crate) const STREAM: u32 = 1000;

/// The order of a correct proxy.
pub(crate) fn in_order() -> Vec<Callback> {
    use Callback::*;
    vec![
        Create(STREAM),
        RequestHeaders(STREAM),
        RequestBody(STREAM),
        RequestTrailers(STREAM),
        ResponseHeaders(STREAM),
        ResponseBody(STREAM),
        ResponseTrailers(STREAM),
        Tick,
        Done(STREAM),
        Log(STREAM),
        Delete(STREAM),
    ]
}

impl Callback {
    /// The same for another stream.
    fn of(self, id: u32) -> Self {
        use Callback::*;
        match self {
            Configure | Tick => self,
            Create(_) => Create(id),
            RequestHeaders(_) => RequestHeaders(id),
            RequestBody(_) => RequestBody(id),
            RequestTrailers(_) => RequestTrailers(id),
            ResponseHeaders(_) => ResponseHeaders(id),
            ResponseBody(_) => ResponseBody(id),
            ResponseTrailers(_) => ResponseTrailers(id),
            Done(_) => Done(id),
            Log(_) => Log(id),
            Delete(_) => Delete(id),
        }
    }
}

/// Every callback twice, missing, late, early, without a stream, and after a second configuration: one change each.
pub(crate) fn disorders() -> Vec<Vec<Callback>> {
    let order = in_order();
    let mut all = Vec::new();
    for (at, callback) in order.iter().enumerate() {
        let mut changed = |change: &dyn Fn(&mut Vec<Callback>)| {
            let mut script = order.clone();
            change(&mut script);
            all.push(script);
        };
        changed(&|script| script.insert(at, *callback));
        changed(&|script| {
            script.remove(at);
        });
        changed(&|script| script.push(*callback));
        changed(&|script| script.insert(0, *callback));
        changed(&|script| script.insert(1, *callback));
        changed(&|script| script.insert(at, Callback::Configure));
        changed(&|script| script.insert(at, Callback::Delete(STREAM)));
        changed(&|script| script.insert(at, Callback::Delete(ROOT)));
        changed(&|script| script.insert(at, Callback::Create(STREAM)));
        for id in [0, ROOT, STREAM + 1, u32::MAX] {
            changed(&|script| script.insert(at, callback.of(id)));
        }
    }
    all.push([order.clone(), order].concat());
    all
}

/// The contexts that a proxy has created and not deleted.
pub(crate) struct Ids(BTreeSet<u32>);

impl Ids {
    /// After the start: the plugin's.
    pub(crate) fn begun() -> Self {
        Self([ROOT].into())
    }

    /// Whether the ABI permits this callback now: it names a context that exists, or creates one that does not.
    pub(crate) fn permit(&mut self, callback: Callback) -> bool {
        use Callback::*;
        match callback {
            Configure | Tick => self.0.contains(&ROOT),
            Create(id) => self.0.contains(&ROOT) && self.0.insert(id),
            Delete(id) => self.0.remove(&id),
            Done(id) | Log(id) => self.0.contains(&id),
            RequestHeaders(id) | RequestBody(id) | RequestTrailers(id) | ResponseHeaders(id) | ResponseBody(id)
            | ResponseTrailers(id) => id != ROOT && self.0.contains(&id),
        }
    }
}

/// Some disorder, determined by this seed.
pub(crate) fn shuffled(rng: &mut Rng) -> Vec<Callback> {
    let mut script = in_order();
    for _ in 0..rng.below(4) {
        let Some(callback) = rng.pick(&script) else { continue };
        let at = rng.below(script.len() + 1);
        match rng.below(4) {
            0 => script.insert(at, callback),
            1 => script.insert(at, callback.of(rng.pick(&[0, 1, 2, STREAM, STREAM + 1, u32::MAX]).unwrap())),
            2 => script.insert(at, Callback::Configure),
            _ => script.retain(|other| *other != callback),
        }
    }
    script
}

//! Which plugin or stream the proxy means, by its id. Ids are the proxy's word: one that is unknown, given
//! twice, late, or called again from within its own call is answered, and never with leave to go on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::configure::{Environment, Source, configure};
use crate::host::Host;
use crate::station::Station;
use crate::stream::{Next, Stream};

/// All contexts of one VM, that is of one worker.
#[derive(Default)]
pub(crate) struct Contexts {
    /// Plugins.
    roots: RefCell<BTreeMap<u32, Rc<Station>>>,
    /// Streams; one whose call is under way is not in its place.
    streams: RefCell<BTreeMap<u32, Option<Stream>>>,
}

impl Contexts {
    /// A new plugin (of parent 0), or a new stream of one. An id that is there stays what it is: who would be given
    /// a fresh stream under a refused one's name could go on with it.
    pub(crate) fn create(&self, id: u32, parent: u32) {
        if parent == 0 {
            self.roots.borrow_mut().entry(id).or_insert_with(|| Rc::new(Station::closed()));
        } else {
            let station = self.station(parent);
            self.streams.borrow_mut().entry(id).or_insert_with(|| Some(Stream::new(station)));
        }
    }

    /// Forgets a context.
    pub(crate) fn delete(&self, host: &dyn Host, id: u32) {
        let stream = self.streams.borrow_mut().remove(&id);
        let root = self.roots.borrow_mut().remove(&id);
        if let Some(station) = root {
            station.retire(host);
        }
        drop(stream);
    }

    /// Gives a plugin its configuration.
    pub(crate) fn configure(&self, host: &dyn Host, id: u32, source: &dyn Source, environment: Environment<'_>) {
        let station = Rc::new(configure(host, source, environment));
        let before = self.roots.borrow_mut().insert(id, Rc::clone(&station));
        if let Some(before) = before {
            before.retire(host);
        }
        station.begin(host);
    }

    /// A second has passed.
    pub(crate) fn tick(&self, host: &dyn Host, id: u32) {
        self.station(id).tick(host);
    }

    /// Puts a call to its stream.
    pub(crate) fn with(&self, id: u32, call: impl FnOnce(&mut Stream) -> Next) -> Next {
        let taken = self.streams.borrow_mut().get_mut(&id).and_then(Option::take);
        let Some(mut stream) = taken else { return Next::Stop };
        let next = call(&mut stream);
        // Not where it was deleted meanwhile.
        if let Some(place) = self.streams.borrow_mut().get_mut(&id) {
            *place = Some(stream);
            return next;
        }
        Next::Stop
    }

    fn station(&self, id: u32) -> Rc<Station> {
        self.roots.borrow().get(&id).map_or_else(|| Rc::new(Station::closed()), Rc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    const ROOT: u32 = 1;
    const STREAM: u32 = 2;

    #[test]
    fn an_unknown_stream_does_not_go_on() {
        let contexts = Contexts::default();
        assert_eq!(contexts.with(STREAM, |_| Next::Continue), Next::Stop);
        contexts.create(STREAM, ROOT);
        assert_eq!(contexts.with(STREAM, |_| Next::Continue), Next::Continue);
        contexts.delete(&Fake::default(), STREAM);
        contexts.delete(&Fake::default(), STREAM);
        assert_eq!(contexts.with(STREAM, |_| Next::Continue), Next::Stop);
    }

    #[test]
    fn a_call_from_within_a_call_does_not_go_on() {
        let contexts = Contexts::default();
        contexts.create(STREAM, ROOT);
        let mut within = None;
        let outer = contexts.with(STREAM, |_| {
            within = Some(contexts.with(STREAM, |_| Next::Continue));
            Next::Continue
        });
        assert_eq!((within, outer), (Some(Next::Stop), Next::Continue));
        let deleted = contexts.with(STREAM, |_| {
            contexts.delete(&Fake::default(), STREAM);
            Next::Continue
        });
        assert_eq!(deleted, Next::Stop);
    }

    #[test]
    fn an_id_that_is_given_again_stays_what_it_was() {
        let (contexts, proxy) = (Contexts::default(), Fake::default());
        contexts.create(STREAM, ROOT);
        assert_eq!(contexts.with(STREAM, |stream| stream.request_headers(&proxy)), Next::Stop);
        contexts.create(STREAM, ROOT);
        assert_eq!(contexts.with(STREAM, |stream| stream.request_body()), Next::Stop);
    }
}

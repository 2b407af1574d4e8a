//! A proxy for tests: one stream, and what the module did to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};
use proxy_wasm::types::{MapType, MetricType};
use stepgate_decision::{Header, Randomness};

use crate::host::{Host, HostError, LocalReply, Versioned, Write};

/// Answers a foreign function by its name and arguments.
pub(crate) type Foreign = Box<dyn Fn(&str, &[u8]) -> Result<Vec<u8>, HostError>>;

pub(crate) struct Fake {
    pub(crate) time: Cell<u64>,
    pub(crate) properties: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) headers: RefCell<BTreeMap<u32, Vec<Header>>>,
    pub(crate) shared: RefCell<BTreeMap<String, Versioned>>,
    pub(crate) metrics: RefCell<Vec<(MetricType, String, i64)>>,
    pub(crate) filter_state: RefCell<BTreeMap<String, String>>,
    pub(crate) replies: RefCell<Vec<LocalReply>>,
    pub(crate) resets: Cell<u32>,
    pub(crate) ticking: Cell<bool>,
    /// The foreign functions; none: the proxy has no such function.
    pub(crate) foreign: RefCell<Option<Foreign>>,
    /// The functions that fail, by name.
    pub(crate) broken: RefCell<Vec<&'static str>>,
}

thread_local! {
    /// The events that this thread, and so one test, logged since its last [`Fake`] was made.
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

/// Puts events into [`LOG`], as the SDK's logger gives them to the proxy.
struct ThreadLog;

impl Log for ThreadLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LOG.with_borrow_mut(|log| log.push((record.level(), record.args().to_string())));
    }

    fn flush(&self) {}
}

impl Default for Fake {
    fn default() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            log::set_logger(&ThreadLog).unwrap();
            log::set_max_level(LevelFilter::Trace);
        });
        LOG.take();
        Self {
            time: Cell::default(),
            properties: RefCell::default(),
            headers: RefCell::default(),
            shared: RefCell::default(),
            metrics: RefCell::default(),
            filter_state: RefCell::default(),
            replies: RefCell::default(),
            resets: Cell::default(),
            ticking: Cell::default(),
            foreign: RefCell::default(),
            broken: RefCell::default(),
        }
    }
}

impl Fake {
    pub(crate) fn set(&self, map: MapType, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
        self.headers.borrow_mut().insert(map as u32, headers);
    }

    pub(crate) fn header(&self, map: MapType, name: &str) -> Vec<String> {
        let headers = self.headers.borrow();
        let all = headers.get(&(map as u32)).into_iter().flatten().filter(|(n, _)| n == name);
        all.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    /// The events of the log.
    pub(crate) fn log(&self) -> Vec<(Level, String)> {
        LOG.with_borrow(Clone::clone)
    }

    pub(crate) fn counted(&self, name: &str) -> i64 {
        let metrics = self.metrics.borrow();
        metrics.iter().filter(|(kind, n, _)| *kind == MetricType::Counter && n == name).map(|(.., n)| *n).sum()
    }

    /// The gauges, in the order in which they were defined.
    pub(crate) fn gauges(&self) -> Vec<(String, i64)> {
        let metrics = self.metrics.borrow();
        let gauges = metrics.iter().filter(|(kind, ..)| *kind == MetricType::Gauge);
        gauges.map(|(_, name, value)| (name.clone(), *value)).collect()
    }

    fn works(&self, function: &'static str, error: HostError) -> Result<(), HostError> {
        if self.broken.borrow().contains(&function) { Err(error) } else { Ok(()) }
    }
}

impl Host for Fake {
    fn now(&self) -> Result<u64, HostError> {
        self.works("now", HostError::NoTime).map(|()| self.time.get())
    }

    fn random(&self) -> Result<Randomness, HostError> {
        self.works("random", HostError::NoRandomness).map(|()| [7; 32])
    }

    fn read_property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError> {
        self.works("property", HostError::Property)?;
        Ok(self.properties.borrow().get(&path.join(".")).cloned())
    }

    fn headers(&self, map: MapType) -> Result<Vec<Header>, HostError> {
        self.works("headers", HostError::NoHeaders)?;
        self.headers.borrow().get(&(map as u32)).cloned().ok_or(HostError::NoHeaders)
    }

    fn remove_header(&self, map: MapType, name: &str) -> Result<(), HostError> {
        self.works("remove_header", HostError::RemoveHeader)?;
        self.headers.borrow_mut().entry(map as u32).or_default().retain(|(n, _)| n != name);
        Ok(())
    }

    /// As in an Envoy that replaces the first line only.
    fn replace_header(&self, map: MapType, name: &str, value: &str) -> Result<(), HostError> {
        self.works("replace_header", HostError::ReplaceHeader)?;
        let mut maps = self.headers.borrow_mut();
        let headers = maps.entry(map as u32).or_default();
        match headers.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value.as_bytes().to_vec(),
            None => headers.push((name.to_owned(), value.as_bytes().to_vec())),
        }
        Ok(())
    }

    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError> {
        self.works("send_local_reply", HostError::LocalReply)?;
        self.replies.borrow_mut().push(reply.clone());
        Ok(())
    }

    fn reset_response(&self) {
        self.resets.set(self.resets.get().saturating_add(1));
    }

    fn read_shared(&self, key: &str) -> Result<Option<Versioned>, HostError> {
        self.works("read_shared", HostError::ReadSharedData)?;
        Ok(self.shared.borrow().get(key).cloned())
    }

    /// As in proxy-wasm-cpp-host: a version of 0 is not compared, nor is any where the key is absent.
    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError> {
        self.works("write_shared", HostError::WriteSharedData)?;
        let mut shared = self.shared.borrow_mut();
        let next = shared.values().map(|(_, version)| *version).max().unwrap_or_default().saturating_add(1);
        match shared.get(key) {
            Some((_, current)) if version != 0 && version != *current => Ok(Write::Mismatch),
            _ => {
                shared.insert(key.to_owned(), (value.to_vec(), next));
                Ok(Write::Done)
            }
        }
    }

    fn call_foreign_function(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
        self.works("call_foreign_function", HostError::FunctionFailed)?;
        self.foreign.borrow().as_ref().map_or(Err(HostError::NoFunction), |foreign| foreign(function, arguments))
    }

    fn define_metric(&self, kind: MetricType, name: &str) -> Result<u32, HostError> {
        self.works("define_metric", HostError::Metric)?;
        let mut metrics = self.metrics.borrow_mut();
        let at = metrics.iter().position(|(k, n, _)| (*k, n.as_str()) == (kind, name)).unwrap_or(metrics.len());
        if at == metrics.len() {
            metrics.push((kind, name.to_owned(), 0));
        }
        Ok(u32::try_from(at).unwrap())
    }

    fn increment_metric(&self, metric: u32, by: i64) {
        if let Some((.., value)) = self.metrics.borrow_mut().get_mut(metric as usize) {
            *value = value.saturating_add(by);
        }
    }

    fn set_filter_state(&self, key: &str, value: &str) -> Result<(), HostError> {
        self.works("set_filter_state", HostError::FilterState)?;
        self.filter_state.borrow_mut().insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn set_ticking(&self, on: bool) {
        self.ticking.set(on);
    }
}

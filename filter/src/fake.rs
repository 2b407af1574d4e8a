//! A proxy for tests: one stream, and what became of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use stepgate_decision::{Header, MAX_HEADERS, Randomness};

use crate::host::{Host, HostError, Level, LocalResponse, NO_FUNCTION, Part, Shared, Write};

/// What answers for a foreign function by its name and arguments.
pub(crate) type Foreign = Box<dyn Fn(&str, &[u8]) -> Result<Vec<u8>, HostError>>;

#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) time: Cell<u64>,
    pub(crate) properties: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) headers: RefCell<BTreeMap<u8, Vec<Header>>>,
    pub(crate) shared: RefCell<BTreeMap<String, Shared>>,
    pub(crate) log: RefCell<Vec<(Level, String)>>,
    pub(crate) counters: RefCell<Vec<(String, u64)>>,
    pub(crate) gauges: RefCell<Vec<(String, i64)>>,
    pub(crate) told: RefCell<BTreeMap<String, String>>,
    pub(crate) responses: RefCell<Vec<LocalResponse>>,
    pub(crate) resets: Cell<u32>,
    pub(crate) ticking: Cell<bool>,
    /// Foreign functions; none: the proxy has no such function.
    pub(crate) foreign: RefCell<Option<Foreign>>,
    /// The functions that fail, by name.
    pub(crate) broken: RefCell<Vec<&'static str>>,
}

impl Fake {
    pub(crate) fn set(&self, part: Part, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
        self.headers.borrow_mut().insert(part as u8, headers);
    }

    pub(crate) fn header(&self, part: Part, name: &str) -> Vec<String> {
        let headers = self.headers.borrow();
        let all = headers.get(&(part as u8)).into_iter().flatten().filter(|(n, _)| n == name);
        all.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    pub(crate) fn counted(&self, name: &str) -> u64 {
        self.counters.borrow().iter().filter(|(n, _)| n == name).map(|(_, n)| *n).sum()
    }

    fn works(&self, function: &'static str) -> Result<(), HostError> {
        if self.broken.borrow().contains(&function) { Err(function) } else { Ok(()) }
    }
}

impl Host for Fake {
    fn log(&self, level: Level, line: &str) {
        self.log.borrow_mut().push((level, line.to_owned()));
    }

    fn now(&self) -> Result<u64, HostError> {
        self.works("now").map(|()| self.time.get())
    }

    fn random(&self) -> Result<Randomness, HostError> {
        self.works("random").map(|()| [7; 32])
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.borrow().get(&path.join(".")).cloned()
    }

    fn headers(&self, part: Part) -> Result<Vec<Header>, HostError> {
        self.works("headers")?;
        match self.headers.borrow().get(&(part as u8)) {
            // As `pairs::read` has it.
            Some(headers) if headers.len() > MAX_HEADERS => Err("there are more than 512 headers"),
            headers => headers.cloned().ok_or("no such part"),
        }
    }

    fn first_header(&self, part: Part, name: &str) -> Option<Vec<u8>> {
        self.works("first_header").ok()?;
        let headers = self.headers.borrow();
        headers.get(&(part as u8))?.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    }

    fn remove_header(&self, part: Part, name: &str) -> Result<(), HostError> {
        self.works("remove_header")?;
        self.headers.borrow_mut().entry(part as u8).or_default().retain(|(n, _)| n != name);
        Ok(())
    }

    fn add_header(&self, part: Part, name: &str, value: &str) -> Result<(), HostError> {
        self.works("add_header")?;
        let header = (name.to_owned(), value.as_bytes().to_vec());
        self.headers.borrow_mut().entry(part as u8).or_default().push(header);
        Ok(())
    }

    fn respond(&self, response: &LocalResponse) -> Result<(), HostError> {
        self.works("respond")?;
        self.responses.borrow_mut().push(response.clone());
        Ok(())
    }

    fn reset_response(&self) {
        self.resets.set(self.resets.get().saturating_add(1));
    }

    fn read_shared(&self, key: &str) -> Result<Option<Shared>, HostError> {
        self.works("read_shared")?;
        Ok(self.shared.borrow().get(key).cloned())
    }

    /// As proxy-wasm-cpp-host does it: a version of 0 is not looked at, nor any where the key is absent.
    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError> {
        self.works("write_shared")?;
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

    fn foreign(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
        self.works("foreign")?;
        self.foreign.borrow().as_ref().map_or(Err(NO_FUNCTION), |foreign| foreign(function, arguments))
    }

    fn counter(&self, name: &str) -> Result<u32, HostError> {
        self.works("counter")?;
        let mut counters = self.counters.borrow_mut();
        let at = counters.iter().position(|(n, _)| n == name).unwrap_or(counters.len());
        if at == counters.len() {
            counters.push((name.to_owned(), 0));
        }
        Ok(u32::try_from(at).unwrap())
    }

    fn count(&self, counter: u32) {
        if let Some((_, count)) = self.counters.borrow_mut().get_mut(counter as usize) {
            *count = count.saturating_add(1);
        }
    }

    fn gauge(&self, name: &str) -> Result<u32, HostError> {
        self.works("gauge")?;
        let mut gauges = self.gauges.borrow_mut();
        let at = gauges.iter().position(|(n, _)| n == name).unwrap_or(gauges.len());
        if at == gauges.len() {
            gauges.push((name.to_owned(), 0));
        }
        Ok(u32::try_from(at).unwrap())
    }

    fn add(&self, gauge: u32, by: i64) {
        if let Some((_, value)) = self.gauges.borrow_mut().get_mut(gauge as usize) {
            *value = value.saturating_add(by);
        }
    }

    fn tell(&self, key: &str, value: &str) -> Result<(), HostError> {
        self.works("tell")?;
        self.told.borrow_mut().insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn tick(&self, on: bool) {
        self.ticking.set(on);
    }
}

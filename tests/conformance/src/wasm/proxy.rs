//! A proxy with one worker and one stream at a time, as far as a module can see it.

use std::collections::BTreeMap;

use stepgate_decision::Header;

use super::fault::{Fault, Function};
use super::status::{BAD_ARGUMENT, CAS_MISMATCH, NOT_FOUND, OK};
use crate::random::Rng;

/// The kinds of headers; the numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they say it themselves")]
pub enum Part {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
}

/// A response in place of the application's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u32,
    /// The reason, for the access log.
    pub details: String,
    /// The body.
    pub body: String,
    /// The headers.
    pub headers: Vec<Header>,
    /// The status of gRPC; -1: none.
    pub grpc_status: i32,
}

/// The proxy's whole state.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The VM's variables.
    pub environment: BTreeMap<String, String>,
    /// The plugin's configuration.
    pub configuration: Vec<u8>,
    /// Nanoseconds since the epoch.
    pub time: u64,
    /// The source of random bytes.
    pub random: Rng,
    /// Whether it verifies and signs, as Envoy does from 1.37 on.
    pub has_crypto: bool,
    /// Properties by their path, joined with zeros.
    pub properties: BTreeMap<String, Vec<u8>>,
    /// Headers, in order; no entry for a part that does not exist.
    pub headers: BTreeMap<u32, Vec<Header>>,
    /// Shared data: values with their versions.
    pub shared: BTreeMap<String, (Vec<u8>, u32)>,
    /// The log: level and line.
    pub log: Vec<(u32, String)>,
    /// Counters by their number.
    pub counters: Vec<(String, i64)>,
    /// The values that the module set for the access log.
    pub told: BTreeMap<String, String>,
    /// Local responses.
    pub answers: Vec<Answer>,
    /// Streams that were closed.
    pub closed: Vec<u32>,
    /// The tick's period.
    pub tick: u32,
    /// All calls that the module has made.
    pub calls: Vec<Function>,
    /// Faults, by the number of the call.
    pub faults: BTreeMap<usize, Fault>,
    /// Whether a fault has occurred that may make the module trap, see [`Fault::may_trap`].
    pub may_trap: bool,
    versions: u32,
}

impl Proxy {
    /// A proxy with this configuration, at the given time.
    pub fn new(configuration: &[u8], environment: BTreeMap<String, String>, seconds: u64) -> Self {
        Self {
            environment,
            configuration: configuration.to_vec(),
            time: seconds.saturating_mul(1_000_000_000),
            random: Rng::new(1),
            has_crypto: false,
            properties: BTreeMap::new(),
            headers: BTreeMap::new(),
            shared: BTreeMap::new(),
            log: Vec::new(),
            counters: Vec::new(),
            told: BTreeMap::new(),
            answers: Vec::new(),
            closed: Vec::new(),
            tick: 0,
            calls: Vec::new(),
            faults: BTreeMap::new(),
            may_trap: false,
            versions: 0,
        }
    }

    /// The last call other than to the log, as text, and whether it was made to fail.
    pub(super) fn last_call(&self) -> String {
        let last = self.calls.iter().enumerate().rev().find(|(_, function)| **function != Function::Log);
        last.map_or("none".to_owned(), |(at, function)| match self.faults.get(&at) {
            Some(Fault::Fails(_)) => format!("{function:?} failed"),
            _ => format!("{function:?}"),
        })
    }

    /// Sets the headers of a part.
    pub fn set(&mut self, part: Part, headers: Vec<Header>) {
        self.headers.insert(part as u32, headers);
    }

    /// The headers of a part.
    pub fn part(&self, part: Part) -> &[Header] {
        self.headers.get(&(part as u32)).map(Vec::as_slice).unwrap_or_default()
    }

    /// A property, by its path.
    pub fn property(&self, path: &str) -> Result<Vec<u8>, u32> {
        self.properties.get(path).cloned().ok_or(NOT_FOUND)
    }

    pub(super) fn remove(&mut self, part: u32, name: &str) -> u32 {
        let Some(headers) = self.headers.get_mut(&part) else { return BAD_ARGUMENT };
        headers.retain(|(n, _)| n != name);
        OK
    }

    /// As in an Envoy that replaces the first line only.
    pub(super) fn replace(&mut self, part: u32, name: &str, value: Vec<u8>) -> u32 {
        let Some(headers) = self.headers.get_mut(&part) else { return BAD_ARGUMENT };
        match headers.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => headers.push((name.to_owned(), value)),
        }
        OK
    }

    /// As in proxy-wasm-cpp-host: a version of 0 is ignored, and so is any version if the key is absent.
    pub(super) fn write_shared(&mut self, key: &str, value: Vec<u8>, version: u32) -> u32 {
        if let Some((_, now)) = self.shared.get(key)
            && version != 0
            && version != *now
        {
            return CAS_MISMATCH;
        }
        self.versions = self.versions.saturating_add(1);
        self.shared.insert(key.to_owned(), (value, self.versions));
        OK
    }

    pub(super) fn define(&mut self, name: String) -> u32 {
        self.counters.push((name, 0));
        u32::try_from(self.counters.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn count(&mut self, counter: u32, by: i64) -> u32 {
        let at = usize::try_from(counter).unwrap_or(usize::MAX).wrapping_sub(1);
        let Some((_, count)) = self.counters.get_mut(at) else { return NOT_FOUND };
        *count = count.saturating_add(by);
        OK
    }
}

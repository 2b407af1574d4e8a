//! The proxy's ABI, called directly: proxy-wasm's SDK panics on every status that it does not expect
//! (a property that cannot be serialised, a trailer map that is not there), reads names of headers as
//! UTF-8 or panics, and passes no code details with a response. A panic takes the gate of a whole
//! worker down, and a peer must not be able to cause one.
//!
//! Safety of all calls: what is passed is a live slice with its own length, or a pointer to a local
//! that the host fills before it returns; the host keeps neither.
#![allow(unsafe_code, reason = "host functions and the memory that the host hands over; nowhere else in Stepgate")]

mod environment;
mod exports;
mod memory;

use std::cell::RefCell;
use std::collections::BTreeMap;

use stepgate_decision::{Header, Randomness};

use crate::configure::Source;
use crate::host::{Host, HostError, Level, LocalResponse, NO_FUNCTION, Part, Shared, Write};
use crate::pairs;
use memory::Given;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, most: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_add_header_map_value(map: u32, name: *const u8, name_size: usize, value: *const u8, size: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, value: *const u8, size: usize, cas: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_close_stream(stream: u32) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        arguments: *const u8,
        arguments_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
}

// The numbers of the ABI (proxy-wasm/spec, v0.2.1).
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;
const PLUGIN_CONFIGURATION: u32 = 7;
const RESPONSE_STREAM: u32 = 1;
const COUNTER: u32 = 0;
const GAUGE: u32 = 1;
const NO_GRPC_STATUS: i32 = -1;
const TICK_MILLISECONDS: u32 = 1000;

const ELSEWHERE: HostError = "the proxy hands over memory that it did not ask for";

/// The proxy round this module, at the moment of one callback.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Proxy {
    /// How many headers there are, as the callback said.
    told: usize,
}

impl Host for Proxy {
    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Info => 2,
            Level::Warn => 3,
            Level::Error => 4,
        };
        // A line that is not taken can be told to nobody.
        let _ = unsafe { proxy_log(level, line.as_ptr(), line.len()) };
    }

    fn now(&self) -> Result<u64, HostError> {
        let mut time = 0;
        let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
        ok(status, "the proxy tells no time").map(|()| time)
    }

    fn random(&self) -> Result<Randomness, HostError> {
        let mut bytes = Randomness::default();
        getrandom::fill(&mut bytes).map_err(|_| "the proxy gives no randomness")?;
        Ok(bytes)
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        let path = path.join("\0");
        let mut given = Given::default();
        let status = unsafe { proxy_get_property(path.as_ptr(), path.len(), &raw mut given.data, &raw mut given.size) };
        (status == OK).then(|| given.take()).flatten()
    }

    fn headers(&self, part: Part) -> Result<Vec<Header>, HostError> {
        let mut given = Given::default();
        let status = unsafe { proxy_get_header_map_pairs(map(part), &raw mut given.data, &raw mut given.size) };
        ok(status, "the proxy gives no headers")?;
        let headers = pairs::read(&given.take().ok_or(ELSEWHERE)?)?;
        // What nobody was shown, nobody can clean.
        if headers.is_empty() && self.told > 0 {
            Err("the proxy gives no headers, and there are some")
        } else {
            Ok(headers)
        }
    }

    fn first_header(&self, part: Part, name: &str) -> Option<Vec<u8>> {
        let mut given = Given::default();
        let status = unsafe {
            proxy_get_header_map_value(map(part), name.as_ptr(), name.len(), &raw mut given.data, &raw mut given.size)
        };
        (status == OK).then(|| given.take()).flatten()
    }

    fn remove_header(&self, part: Part, name: &str) -> Result<(), HostError> {
        let status = unsafe { proxy_remove_header_map_value(map(part), name.as_ptr(), name.len()) };
        ok(status, "the proxy removes no header")
    }

    fn add_header(&self, part: Part, name: &str, value: &str) -> Result<(), HostError> {
        let status =
            unsafe { proxy_add_header_map_value(map(part), name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
        ok(status, "the proxy adds no header")
    }

    fn respond(&self, response: &LocalResponse) -> Result<(), HostError> {
        let LocalResponse { status, details, headers, body, grpc_status } = response;
        let headers = pairs::write(headers);
        let status = unsafe {
            proxy_send_local_response(
                *status,
                details.as_ptr(),
                details.len(),
                body.as_ptr(),
                body.len(),
                headers.as_ptr(),
                headers.len(),
                grpc_status.map_or(NO_GRPC_STATUS, i32::from),
            )
        };
        ok(status, "the proxy sends no response")
    }

    fn reset_response(&self) {
        // Where it cannot be broken off, it still does not go on.
        let _ = unsafe { proxy_close_stream(RESPONSE_STREAM) };
    }

    fn read_shared(&self, key: &str) -> Result<Option<Shared>, HostError> {
        let (mut given, mut version) = (Given::default(), 0);
        let status = unsafe {
            proxy_get_shared_data(key.as_ptr(), key.len(), &raw mut given.data, &raw mut given.size, &raw mut version)
        };
        match status {
            OK => Ok(Some((given.take().ok_or(ELSEWHERE)?, version))),
            NOT_FOUND => Ok(None),
            _ => Err("shared data cannot be read"),
        }
    }

    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError> {
        match unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version) } {
            OK => Ok(Write::Done),
            CAS_MISMATCH => Ok(Write::Mismatch),
            _ => Err("shared data cannot be written"),
        }
    }

    fn foreign(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
        let mut given = Given::default();
        let status = unsafe {
            proxy_call_foreign_function(
                function.as_ptr(),
                function.len(),
                arguments.as_ptr(),
                arguments.len(),
                &raw mut given.data,
                &raw mut given.size,
            )
        };
        // What came with a failure is ours to free all the same.
        let answer = given.take();
        match status {
            OK => answer.ok_or(ELSEWHERE),
            NOT_FOUND => Err(NO_FUNCTION),
            _ => Err("the proxy's function fails"),
        }
    }

    fn counter(&self, name: &str) -> Result<u32, HostError> {
        metric(COUNTER, name).map_err(|()| "the proxy makes no counter")
    }

    fn count(&self, counter: u32) {
        // A decision does not hang on its being counted.
        let _ = unsafe { proxy_increment_metric(counter, 1) };
    }

    fn gauge(&self, name: &str) -> Result<u32, HostError> {
        metric(GAUGE, name).map_err(|()| "the proxy makes no gauge")
    }

    fn add(&self, gauge: u32, by: i64) {
        let _ = unsafe { proxy_increment_metric(gauge, by) };
    }

    fn tell(&self, key: &str, value: &str) -> Result<(), HostError> {
        let status = unsafe { proxy_set_property(key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
        ok(status, "the proxy keeps no property")
    }

    fn tick(&self, on: bool) {
        let _ = unsafe { proxy_set_tick_period_milliseconds(if on { TICK_MILLISECONDS } else { 0 }) };
    }
}

/// The plugin's configuration, during `proxy_on_configure`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PluginConfiguration {
    pub(crate) size: usize,
}

impl Source for PluginConfiguration {
    fn size(&self) -> usize {
        self.size
    }

    fn read(&self) -> Result<Vec<u8>, HostError> {
        let mut given = Given::default();
        let status = unsafe {
            proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, self.size, &raw mut given.data, &raw mut given.size)
        };
        ok(status, "the proxy gives no configuration")?;
        given.take().ok_or(ELSEWHERE)
    }
}

/// The number of a metric. No two kinds share a name.
fn metric(kind: u32, name: &str) -> Result<u32, ()> {
    thread_local! {
        // Envoy gives a metric another number each time it is defined, and keeps them all:
        // configurations of one VM share theirs.
        static NUMBERS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
    }
    if let Some(id) = NUMBERS.with_borrow(|numbers| numbers.get(name).copied()) {
        return Ok(id);
    }
    let mut id = 0;
    let status = unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id) };
    if status != OK {
        return Err(());
    }
    NUMBERS.with_borrow_mut(|numbers| numbers.insert(name.to_owned(), id));
    Ok(id)
}

fn map(part: Part) -> u32 {
    match part {
        Part::RequestHeaders => 0,
        Part::RequestTrailers => 1,
        Part::ResponseHeaders => 2,
        Part::ResponseTrailers => 3,
    }
}

fn ok(status: u32, otherwise: HostError) -> Result<(), HostError> {
    if status == OK { Ok(()) } else { Err(otherwise) }
}

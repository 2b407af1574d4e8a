//! The proxy through the SDK of proxy-wasm.
//!
//! The SDK's `hostcalls` panic on a status that they do not expect. None of those statuses can be caused by a
//! peer: Envoy gives them for a wrong pointer, a wrong id or a header map that does not exist in this callback
//! (docs/adr/0020). A panic is a trap, and a trap fails closed.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, MetricType, Status};
use stepgate_decision::{Header, Randomness};

use crate::host::{Host, HostError, LocalReply, Versioned, Write};
use crate::raw_calls;
use stepgate_config::sorted::SortedMap;

const TICK: Duration = Duration::from_secs(1);

/// The proxy, for the time of one callback.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SdkHost {
    /// How many headers the map of this callback has, as the proxy counted them.
    pub(crate) num_headers: usize,
}

impl Host for SdkHost {
    fn now(&self) -> Result<u64, HostError> {
        let time = hostcalls::get_current_time().map_err(|_| HostError::NoTime)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| HostError::NoTime)?;
        u64::try_from(since.as_nanos()).map_err(|_| HostError::NoTime)
    }

    fn random(&self) -> Result<Randomness, HostError> {
        let mut bytes = Randomness::default();
        getrandom::fill(&mut bytes).map_err(|_| HostError::NoRandomness)?;
        Ok(bytes)
    }

    fn read_property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError> {
        hostcalls::get_property(path.to_vec()).map_err(|_| HostError::Property)
    }

    fn headers(&self, map: MapType) -> Result<Vec<Header>, HostError> {
        let headers = hostcalls::get_map_bytes(map).map_err(|_| HostError::NoHeaders)?;
        // Headers that the host hides cannot be scrubbed: fail closed.
        if headers.len() == self.num_headers { Ok(headers) } else { Err(HostError::HiddenHeaders) }
    }

    fn remove_header(&self, map: MapType, name: &str) -> Result<(), HostError> {
        hostcalls::remove_map_value(map, name).map_err(|_| HostError::RemoveHeader)
    }

    fn replace_header(&self, map: MapType, name: &str, value: &str) -> Result<(), HostError> {
        hostcalls::set_map_value(map, name, Some(value)).map_err(|_| HostError::ReplaceHeader)
    }

    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError> {
        raw_calls::send_local_response(reply)
    }

    fn reset_response(&self) {
        // A response that is not reset stays paused.
        let _ = hostcalls::reset_http_response();
    }

    fn read_shared(&self, key: &str) -> Result<Option<Versioned>, HostError> {
        match hostcalls::get_shared_data(key).map_err(|_| HostError::ReadSharedData)? {
            (None, None) => Ok(None),
            // The SDK gives no bytes for an empty value, and no version for version 0.
            (value, version) => Ok(Some((value.unwrap_or_default(), version.unwrap_or_default()))),
        }
    }

    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError> {
        match hostcalls::set_shared_data(key, Some(value), Some(version)) {
            Ok(()) => Ok(Write::Done),
            Err(Status::CasMismatch) => Ok(Write::Mismatch),
            Err(_) => Err(HostError::WriteSharedData),
        }
    }

    fn call_foreign_function(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
        match hostcalls::call_foreign_function(function, Some(arguments)) {
            Ok(answer) => Ok(answer.unwrap_or_default()),
            Err(Status::NotFound) => Err(HostError::NoFunction),
            Err(_) => Err(HostError::FunctionFailed),
        }
    }

    fn define_metric(&self, kind: MetricType, name: &str) -> Result<u32, HostError> {
        thread_local! {
            // Envoy gives a metric another number each time it is defined, and keeps them all:
            // configurations of one VM share theirs.
            static NUMBERS: RefCell<SortedMap<String, u32>> = const { RefCell::new(SortedMap::new()) };
        }
        if let Some(metric) = NUMBERS.with_borrow(|numbers| numbers.get(name).copied()) {
            return Ok(metric);
        }
        let metric = hostcalls::define_metric(kind, name).map_err(|_| HostError::Metric)?;
        NUMBERS.with_borrow_mut(|numbers| numbers.insert(name.to_owned(), metric));
        Ok(metric)
    }

    fn increment_metric(&self, metric: u32, by: i64) {
        // A decision does not depend on its metric.
        let _ = hostcalls::increment_metric(metric, by);
    }

    fn set_filter_state(&self, key: &str, value: &str) -> Result<(), HostError> {
        raw_calls::set_property(key, value)
    }

    fn set_ticking(&self, on: bool) {
        let _ = hostcalls::set_tick_period(if on { TICK } else { Duration::ZERO });
    }
}

/// At most this many bytes of the plugin's configuration. Only during `on_configure`.
pub(crate) fn plugin_configuration(most: usize) -> Result<Vec<u8>, HostError> {
    let bytes = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, most);
    bytes.map(Option::unwrap_or_default).map_err(|_| HostError::Configuration)
}

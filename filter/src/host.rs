//! The interface to the proxy. [`crate::sdk_host`] implements it over the SDK of proxy-wasm; tests use a fake.

use proxy_wasm::types::{MapType, MetricType};
use stepgate_decision::{Header, ProxyError, Randomness};

/// Why a call to the proxy failed, or its answer cannot be used. For the owner's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub(crate) enum HostError {
    NoTime,
    NoRandomness,
    Property,
    NoHeaders,
    HiddenHeaders,
    RemoveHeader,
    ReplaceHeader,
    LocalReply,
    ReadSharedData,
    WriteSharedData,
    FilterState,
    Metric,
    Configuration,
    /// The proxy is older than the foreign function, or another product.
    NoFunction,
    FunctionFailed,
}

impl HostError {
    /// The same text, for errors of the decision, which are static.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoTime => "the proxy gives no time",
            Self::NoRandomness => "the proxy gives no randomness",
            Self::Property => "the proxy does not give the property",
            Self::NoHeaders => "the proxy gives no headers",
            Self::HiddenHeaders => "the proxy counts other headers than it shows",
            Self::RemoveHeader => "the proxy does not remove a header",
            Self::ReplaceHeader => "the proxy does not set a header",
            Self::LocalReply => "the proxy does not send the response",
            Self::ReadSharedData => "shared data cannot be read",
            Self::WriteSharedData => "shared data cannot be written",
            Self::FilterState => "the proxy does not set the filter state",
            Self::Metric => "the proxy does not define the metric",
            Self::Configuration => "the proxy does not give the configuration",
            Self::NoFunction => "the proxy has no such function",
            Self::FunctionFailed => "the proxy's function fails",
        }
    }
}

impl From<HostError> for ProxyError {
    fn from(error: HostError) -> Self {
        Self(error.reason())
    }
}

/// A value in shared data with its version.
pub(crate) type Versioned = (Vec<u8>, u32);

/// The result of a write to shared data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Done,
    /// The value has another version than the one named.
    Mismatch,
}

/// A response that the proxy sends in place of the application's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalReply {
    pub(crate) status: u32,
    /// Envoy's `response_code_details`.
    pub(crate) details: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    pub(crate) grpc_status: Option<u8>,
}

/// The proxy, for the time of one callback.
pub(crate) trait Host {
    /// Nanoseconds since the epoch.
    fn now(&self) -> Result<u64, HostError>;

    /// Bytes from a cryptographic source.
    fn random(&self) -> Result<Randomness, HostError>;

    /// A property of the stream as bytes; nothing where the proxy has none.
    fn read_property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError>;

    /// The same, for the callers to whom a property that cannot be read is one that is absent.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.read_property(path).ok().flatten()
    }

    /// All headers of a map, in order. Values may be any bytes.
    fn headers(&self, map: MapType) -> Result<Vec<Header>, HostError>;

    /// Removes every line of a header.
    fn remove_header(&self, map: MapType, name: &str) -> Result<(), HostError>;

    /// Sets a header of one line or none to one line.
    fn replace_header(&self, map: MapType, name: &str, value: &str) -> Result<(), HostError>;

    /// Answers in place of the application.
    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError>;

    /// Resets the stream of the response.
    fn reset_response(&self);

    /// The value of a key in shared data; nothing where the key was never written.
    fn read_shared(&self, key: &str) -> Result<Option<Versioned>, HostError>;

    /// Writes to shared data if the key is absent or has the given version.
    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError>;

    /// Calls one of the proxy's foreign functions.
    fn call_foreign_function(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError>;

    /// The number of the counter or gauge of this name, defined if it is new. A counter and a gauge never
    /// share a name.
    fn define_metric(&self, kind: MetricType, name: &str) -> Result<u32, HostError>;

    /// Changes a counter or gauge.
    fn increment_metric(&self, metric: u32, by: i64);

    /// Sets the stream's filter state `wasm.KEY`, which access logs can show.
    fn set_filter_state(&self, key: &str, value: &str) -> Result<(), HostError>;

    /// Starts a tick once a second, or stops it.
    fn set_ticking(&self, on: bool);
}

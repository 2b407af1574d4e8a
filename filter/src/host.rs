//! What the shell asks of a proxy. [`crate::abi`] asks Envoy; tests ask a fake.

use stepgate_decision::{Header, Randomness};

/// Why the proxy did not do as asked, for the owner's log.
pub(crate) type HostError = &'static str;

/// Why a foreign function gave nothing: the proxy is older than it, or another one.
pub(crate) const NO_FUNCTION: HostError = "the proxy has no such function";

/// How much a line in the proxy's log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Info,
    Warn,
    Error,
}

/// Which headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    ResponseTrailers,
}

/// A value in shared data with the mark of its version.
pub(crate) type Shared = (Vec<u8>, u32);

/// What a write to shared data came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Done,
    Mismatch,
}

/// A response that the proxy gives in place of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalResponse {
    pub(crate) status: u32,
    /// Envoy's `response_code_details`.
    pub(crate) details: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    pub(crate) grpc_status: Option<u8>,
}

/// One proxy, at the moment of one callback.
pub(crate) trait Host {
    /// Writes one line to the proxy's log.
    fn log(&self, level: Level, line: &str);

    /// Nanoseconds since the epoch.
    fn now(&self) -> Result<u64, HostError>;

    /// Bytes from a cryptographic source.
    fn random(&self) -> Result<Randomness, HostError>;

    /// A property of the stream as bytes; nothing where the proxy has none.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;

    /// All headers, in order, any bytes in their values.
    fn headers(&self, part: Part) -> Result<Vec<Header>, HostError>;

    /// The first line of one header, where not even all headers can be had.
    fn first_header(&self, part: Part, name: &str) -> Option<Vec<u8>>;

    /// Removes every line of a header.
    fn remove_header(&self, part: Part, name: &str) -> Result<(), HostError>;

    /// Adds a line to a header.
    fn add_header(&self, part: Part, name: &str, value: &str) -> Result<(), HostError>;

    /// Answers in place of the application.
    fn respond(&self, response: &LocalResponse) -> Result<(), HostError>;

    /// Breaks the response off.
    fn reset_response(&self);

    /// What shared data holds; nothing where the key was never written.
    fn read_shared(&self, key: &str) -> Result<Option<Shared>, HostError>;

    /// Writes to shared data: over nothing, or over the version named.
    fn write_shared(&self, key: &str, value: &[u8], version: u32) -> Result<Write, HostError>;

    /// Calls one of the proxy's own functions.
    fn foreign(&self, function: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError>;

    /// The number of the counter of this name, made where there is none.
    fn counter(&self, name: &str) -> Result<u32, HostError>;

    /// Counts one more.
    fn count(&self, counter: u32);

    /// The number of the gauge of this name, made where there is none.
    fn gauge(&self, name: &str) -> Result<u32, HostError>;

    /// Raises or lowers a gauge.
    fn add(&self, gauge: u32, by: i64);

    /// Writes into the stream's filter state, for the access log: `wasm.KEY`.
    fn tell(&self, key: &str, value: &str) -> Result<(), HostError>;

    /// Asks for a tick each second, or for no more.
    fn tick(&self, on: bool);
}

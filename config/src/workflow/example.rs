//! Requests that are a task, where a tool has to make one up.

use super::{HeaderPattern, PathPattern, RequestPattern, Task};

/// A request that a task accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleRequest {
    /// The method: the first one that is listed, else POST.
    pub method: String,
    /// The path, percent-encoded: each `{name}` is 7, a tail `a/b`.
    pub path: String,
    /// The host, where the task names one.
    pub host: Option<String>,
    /// The port, where the task names one.
    pub port: Option<u16>,
    /// The headers that the task names, with their values.
    pub headers: Vec<(String, String)>,
}

impl RequestPattern {
    /// A request that matches.
    pub fn example(&self) -> ExampleRequest {
        let header = |(name, rule): (&str, &HeaderPattern)| Some((name.to_owned(), rule.value()?.to_owned()));
        ExampleRequest {
            method: self.methods.first().map_or("POST", |method| method.as_str()).to_owned(),
            path: self.path.as_ref().map_or_else(|| "/".to_owned(), PathPattern::example),
            host: self.host.clone(),
            port: self.port,
            headers: self.headers.iter().filter_map(header).collect(),
        }
    }
}

impl Task {
    /// A request that matches the first of the task's patterns.
    pub fn example(&self) -> ExampleRequest {
        self.requests.first().map_or_else(|| RequestPattern::default().example(), RequestPattern::example)
    }
}

/// The headers that every gRPC call has.
pub const GRPC_HEADERS: [(&str, &str); 2] = [("content-type", "application/grpc"), ("te", "trailers")];

/// Whether a request is a gRPC call: a path `/package.Service/Method`, posted.
pub fn is_grpc(method: &str, path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let service = segments.next().is_some_and(|service| service.contains('.'));
    method == "POST" && service && segments.next().is_some() && segments.next().is_none()
}

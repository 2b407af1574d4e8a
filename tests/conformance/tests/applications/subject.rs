//! The applications, and the programs and packages that each needs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chain::Carrier;

/// One application.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) carrier: Carrier,
    pub(crate) runtime: Runtime,
    /// Its arguments: the client with which it calls others.
    pub(crate) arguments: &'static [&'static str],
    /// Further requests that it serves.
    pub(crate) also: &'static [Also],
}

/// A request that an application serves in another way: its body is made while it is sent, or work goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Also {
    Stream,
    Later,
}

/// The runtime of an application. All but `Rust` are processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Rust,
    Go,
    Wsgi,
    Asgi,
    /// Python with OpenTelemetry's automatic instrumentation.
    PythonOtel,
    Node,
    Java,
    /// Java with OpenTelemetry's agent.
    JavaOtel,
}

const fn subject(name: &'static str, runtime: Runtime, arguments: &'static [&'static str]) -> Subject {
    let carrier = match runtime {
        Runtime::PythonOtel | Runtime::JavaOtel => Carrier::Baggage,
        Runtime::Rust | Runtime::Go | Runtime::Wsgi | Runtime::Asgi | Runtime::Node | Runtime::Java => Carrier::Header,
    };
    let also: &[Also] = match runtime {
        Runtime::Wsgi => &[Also::Stream],
        Runtime::Asgi | Runtime::Node => &[Also::Later],
        Runtime::Rust | Runtime::Go | Runtime::PythonOtel | Runtime::Java | Runtime::JavaOtel => &[],
    };
    Subject { name, carrier, runtime, arguments, also }
}

pub(crate) const SUBJECTS: [Subject; 11] = [
    subject("rust-tower", Runtime::Rust, &[]),
    subject("go", Runtime::Go, &[]),
    subject("python-wsgi-urllib", Runtime::Wsgi, &["urllib"]),
    subject("python-wsgi-requests", Runtime::Wsgi, &["requests"]),
    subject("python-asgi-httpx", Runtime::Asgi, &[]),
    subject("python-opentelemetry", Runtime::PythonOtel, &[]),
    subject("node-fetch", Runtime::Node, &["fetch"]),
    subject("node-http", Runtime::Node, &["http"]),
    subject("java-httpclient", Runtime::Java, &["httpclient"]),
    subject("java-urlconnection", Runtime::Java, &["urlconnection"]),
    subject("java-opentelemetry", Runtime::JavaOtel, &["httpclient"]),
];

impl Subject {
    /// Java and Node are for `make test-all`.
    pub(crate) fn is_in_every_run(&self) -> bool {
        match self.runtime {
            Runtime::Rust | Runtime::Go | Runtime::Wsgi | Runtime::Asgi | Runtime::PythonOtel => true,
            Runtime::Node | Runtime::Java | Runtime::JavaOtel => false,
        }
    }

    /// The program or package that this machine lacks.
    pub(crate) fn lacks(&self) -> Option<String> {
        let program = |name: &str, version: &str| {
            let answers = Command::new(name).arg(version).output().is_ok_and(|output| output.status.success());
            (!answers).then(|| format!("this machine has no `{name}`"))
        };
        let package = |file: &str| {
            let file = packages().join(file);
            (!file.exists()).then(|| {
                format!(
                    "no `{}`; tools/get-applications.sh installs it, as `make test` and `make test-all` do",
                    file.display()
                )
            })
        };
        match self.runtime {
            Runtime::Rust => None,
            Runtime::Go => program("go", "version"),
            Runtime::Wsgi | Runtime::Asgi => package("python/bin/python"),
            Runtime::PythonOtel => package("python/bin/opentelemetry-instrument"),
            Runtime::Node => program("node", "--version"),
            Runtime::Java | Runtime::JavaOtel => program("javac", "-version").or_else(|| package("java/jars")),
        }
    }
}

/// The folder of `tools/get-applications.sh`.
pub(crate) fn packages() -> PathBuf {
    let cache = env::var_os("STEPGATE_CACHE").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| Path::new(&env::var_os("HOME").unwrap()).join(".cache/stepgate"));
    cache.join("applications")
}

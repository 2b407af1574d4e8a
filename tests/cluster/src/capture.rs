//! Recordings of network traffic: the view of an attacker who taps a wire.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::daemon::{Daemon, Order};
use crate::error::Result;
use crate::wait::until;
use crate::workload::Workload;

const START: Duration = Duration::from_secs(20);

/// A running tcpdump.
#[derive(Debug)]
pub struct Capture {
    tcpdump: Daemon,
    file: PathBuf,
}

impl Capture {
    pub(crate) fn start(workload: &Workload, interface: &str) -> Result<Self> {
        let host = workload.host();
        let directory = "/run/cluster/captures";
        host.run(&format!("mkdir -p {directory}"))?;
        let name = format!("{}.{}.{interface}", workload.pod.name, workload.pod.namespace);
        let file = format!("{directory}/{name}.pcap");
        // Whole packets, each written at once; as root, to which the file belongs.
        let command = ["tcpdump", "-i", interface, "-s", "0", "-U", "-Z", "root", "-w", &file];
        let order = Order {
            name: &name,
            directory,
            user: 0,
            environment: Vec::new(),
            command: command.map(Into::into).to_vec(),
        };
        let tcpdump = Daemon::start(host, &order)?;
        let capture = Self { tcpdump, file: host.file(&file) };
        let begun =
            until(START, "tcpdump to listen", || Ok(capture.tcpdump.log().contains("listening on").then_some(())));
        begun.map_err(|error| capture.tcpdump.explain(error))?;
        Ok(capture)
    }

    /// Ends it and returns the recording.
    ///
    /// # Errors
    /// If it does not end, or its file cannot be read.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.tcpdump.stop()?;
        Ok(fs::read(&self.file)?)
    }
}

/// Whether a recording contains these bytes.
pub fn contains(recording: &[u8], bytes: &[u8]) -> bool {
    memchr::memmem::find(recording, bytes).is_some()
}

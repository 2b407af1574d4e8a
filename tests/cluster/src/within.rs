//! A thread of this process in the network namespace of a machine: its connections and listeners are that machine's.

use std::fs::File;
use std::future::Future;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::host::Host;

/// The thread, with a tokio runtime. All its tasks end when this is dropped.
#[derive(Debug)]
pub(crate) struct Within {
    handle: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Within {
    pub(crate) fn start(host: &Host) -> Result<Self> {
        let network = File::open(format!("/proc/{}/ns/net", host.pid()))?;
        let (started, start) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("within".into()).spawn(move || {
            let runtime = move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                .map_err(std::io::Error::from)
                .and_then(|()| Builder::new_current_thread().enable_all().build());
            match runtime {
                Ok(runtime) => {
                    let _ = started.send(Ok(runtime.handle().clone()));
                    // Runs the spawned tasks until the sender is dropped.
                    let _ = runtime.block_on(ended);
                }
                Err(error) => drop(started.send(Err(error))),
            }
        })?;
        let handle = start.recv()??;
        Ok(Self { handle, end: Some(end), thread: Some(thread) })
    }

    /// Runs a future there and returns its output.
    pub(crate) fn run<T: Send + 'static>(&self, doing: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let (done, result) = mpsc::channel();
        self.handle.spawn(async move { done.send(doing.await) });
        result.recv().map_err(|_| Error::new("the thread on the machine's network is gone"))
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

//! The programs that run on the machines of the test clusters.

use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::{Error, Result};

/// All that should run, so that waiting for a condition notices that one of them has ended.
static RUNNING: Mutex<Vec<Weak<Program>>> = Mutex::new(Vec::new());

/// A program with its log.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    child: Mutex<Child>,
    log: PathBuf,
}

impl Program {
    /// From now on the program should run.
    pub(crate) fn watch(name: &str, child: Child, log: PathBuf) -> Arc<Self> {
        let program = Arc::new(Self { name: name.to_owned(), child: Mutex::new(child), log });
        lock(&RUNNING).push(Arc::downgrade(&program));
        program
    }

    /// From now on it may end.
    pub(crate) fn release(&self) {
        lock(&RUNNING).retain(|running| !std::ptr::eq(running.as_ptr(), self));
    }

    /// The ID of the process that was started.
    pub(crate) fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Result<Option<ExitStatus>> {
        Ok(lock(&self.child).try_wait()?)
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

/// The first program that has ended and should run: an [`Error::Ended`] with the end of its log.
pub(crate) fn ended() -> Option<Error> {
    let mut running = lock(&RUNNING);
    running.retain(|program| program.strong_count() > 0);
    running.iter().filter_map(Weak::upgrade).find_map(|program| {
        let status = program.ended().ok()??;
        Some(Error::Ended { name: program.name.clone(), status }.with_log(&program.name, &program.log()))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One worker: where it begins, and where its contexts are kept.

use std::panic;

use crate::abi::Proxy;
use crate::contexts::Contexts;
use crate::host::{Host, Level};
use crate::lines;

thread_local! {
    static CONTEXTS: Contexts = Contexts::default();
}

/// Once for each VM, that is for each worker.
pub(crate) fn start() {
    // No input should lead here; a proxy that goes down should say where.
    panic::set_hook(Box::new(|panic| {
        Proxy::default().log(Level::Error, &lines::trouble("panic", &panic.to_string()));
    }));
}

/// The contexts of this worker.
pub(crate) fn contexts<T>(call: impl FnOnce(&Contexts) -> T) -> T {
    CONTEXTS.with(call)
}

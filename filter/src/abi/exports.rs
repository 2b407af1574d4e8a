//! What the proxy calls. Each of these is a name of the ABI; what it comes to stands in [`crate::contexts`].
//!
//! The SDK's own dispatcher panics where an id is unknown, stands twice or is called again from within a
//! call, and so takes the gate of a whole worker down.
//!
//! There is none for the bodies of responses: the proxy does not ask where there is none.

use super::environment::Variables;
use super::memory::lend;
use super::{PluginConfiguration, Proxy};
use crate::entry::contexts;
use crate::stream::Next;

const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

fn action(next: Next) -> u32 {
    match next {
        Next::Continue => CONTINUE,
        Next::Stop => PAUSE,
    }
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Called by the host before anything else.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    unsafe { __wasm_call_ctors() };
    crate::entry::start();
}

/// Only its name says anything.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    lend(size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, parent: u32) {
    contexts(|contexts| contexts.create(id, parent));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    contexts(|contexts| contexts.delete(&Proxy::default(), id));
}

/// Always takes the configuration: see [`crate::configure`].
#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(id: u32, size: usize) -> u32 {
    let variables = Variables::read();
    contexts(|contexts| {
        contexts.configure(&Proxy::default(), id, &PluginConfiguration { size }, &|name| variables.get(name))
    });
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(id: u32) {
    contexts(|contexts| contexts.tick(&Proxy::default(), id));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, told: usize, _: u32) -> u32 {
    contexts(|contexts| action(contexts.with(id, |stream| stream.request_headers(&Proxy { told }))))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, _: usize, _: u32) -> u32 {
    contexts(|contexts| action(contexts.with(id, |stream| stream.request_body())))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, told: usize) -> u32 {
    contexts(|contexts| action(contexts.with(id, |stream| stream.request_trailers(&Proxy { told }))))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(id: u32, told: usize, _: u32) -> u32 {
    contexts(|contexts| action(contexts.with(id, |stream| stream.response_headers(&Proxy { told }))))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(id: u32, told: usize) -> u32 {
    contexts(|contexts| action(contexts.with(id, |stream| stream.response_trailers(&Proxy { told }))))
}

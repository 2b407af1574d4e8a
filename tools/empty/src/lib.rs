//! A proxy-wasm module that does nothing, on the SDK that the gate is built on: it shows the cost of Envoy's Wasm
//! machinery without a gate. Envoy enters it as often as the gate.
#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the SDK's macro generates a function without any")]

use proxy_wasm::traits::{Context, HttpContext};

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Empty));
}}

struct Empty;

impl Context for Empty {}

impl HttpContext for Empty {}

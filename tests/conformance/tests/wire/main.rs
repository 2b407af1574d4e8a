//! Checks that a single request cannot express: connections, streams, callers that go away, bytes that are not HTTP.
//! Each runs in every Envoy, with one worker and with four; after all of them, no application has seen a request that
//! its gate did not permit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod frames;
mod gone;
mod grpc;
mod http1;
mod http2;
mod mesh;
mod names;
mod sent_back;
mod smuggled;
mod targets;
mod upstream;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mesh::Wire;
use stepgate_tests::proxies::proxies;

type Check = (&'static str, fn(&Wire));

const CHECKS: [Check; 22] = [
    ("requests that come at once are decided one by one", http1::pipelined),
    ("requests behind a denial are not let in", http1::pipelined_behind_a_refusal),
    ("a caller that waits for leave is refused at once", http1::expects_and_is_refused),
    ("a caller that waits for leave goes on", http1::expects_and_goes_on),
    ("Envoy's own limits hold, and the gate's within them", http1::limits),
    ("Envoy refuses HTTP/1.0", http1::old),
    ("a tunnel is one decision", http1::tunnel),
    ("a caller cannot have a request sent again", http1::again),
    ("streams of one connection are decided one by one", http2::many_streams),
    ("odd frames of HTTP/2", http2::odd_headers),
    ("gRPC in both directions", grpc::both_directions),
    ("a gRPC stream that fails brings no receipt", grpc::failed),
    ("a refused gRPC stream ends at once", grpc::refused),
    ("a caller that leaves within its head or body", gone::within_the_request),
    ("a consumed step stays consumed", gone::taken),
    ("a caller that leaves within the response", gone::within_the_response),
    ("requests within requests", smuggled::requests),
    ("targets with every normalisation", targets::all),
    ("requests that ask to be sent back", sent_back::requests),
    ("names of headers in requests are text", names::requests),
    ("names of headers in responses are text", names::responses),
    ("nothing unpermitted was seen", mesh::only_the_permitted),
];

#[test]
fn on_the_wire() {
    let mut failures = Vec::new();
    for (envoy, workers) in proxies().unwrap() {
        let wire = Wire::start(envoy.clone(), workers);
        // Selects checks by a word of the name.
        let only = std::env::var("STEPGATE_WIRE").unwrap_or_default();
        for (name, check) in CHECKS.into_iter().filter(|(name, _)| name.contains(&only)) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&wire))) {
                let why = panic.downcast_ref::<String>().map(String::as_str);
                let why = why.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?").to_owned();
                failures.push(format!("  {envoy:?} with {workers} workers: {name}: {why}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} checks failed:\n{}", failures.len(), failures.join("\n"));
}

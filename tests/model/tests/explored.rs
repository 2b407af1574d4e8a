//! The decision against the semantics of each shape, in every reachable state.
//!
//! `STEPGATE_MODEL=long` explores further.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_model::explore::explore;
use stepgate_model::shapes;

#[test]
fn no_shape_takes_what_it_forbids_and_none_refuses_what_is_rightful() {
    let long = std::env::var("STEPGATE_MODEL").is_ok_and(|length| length == "long");
    let asked = std::env::var("STEPGATE_SHAPE").ok();
    let mut wrong = Vec::new();
    for shape in shapes::all(long) {
        if asked.as_ref().is_some_and(|names| !names.split(',').any(|name| name == shape.name)) {
            continue;
        }
        let explored = explore(&shape, &[]);
        println!("{explored}");
        wrong.extend(explored.attacks.iter().map(|attack| format!("{}: {attack}", shape.name)));
        if explored.attacks.is_empty() && !(explored.finished && explored.complete) {
            wrong.push(format!("{}: no run reaches every end, or the exploration was cut off", shape.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

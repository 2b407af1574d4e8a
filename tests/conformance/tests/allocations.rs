//! The allocations of a decision, natively: one request of each kind.
//!
//! `allocations.txt` has the figures, which are exact. `BLESS=1` writes the file anew: the change then shows what moved.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use stepgate_tests::corpus::Corpus;
use stepgate_tests::native::Last;
use stepgate_tests::trials::time_of;

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/allocations.txt");

/// A request of each kind, as a case of the corpus.
const KINDS: [&str; 8] = [
    "03-exempt: a health check needs no mTLS",
    "14-identity: a plain step of its performer",
    "04-start: the initiator begins without a token",
    "05-step: a valid token is accepted",
    "05-step: a token without its signature",
    "04-start: a workload that begins nothing needs a token",
    "10-join: all the evidence",
    "24-guard: a header that a guard forbids is absent",
];

#[test]
fn a_decision_allocates_as_often_as_it_did() {
    let corpus = Corpus::read().unwrap();
    let mut written = String::from("# kind: allocations\n");
    for kind in KINDS {
        let whole = corpus.titled(kind).expect(kind);
        let mut last = Last::of(&corpus, whole, time_of(whole).unwrap()).unwrap();
        let allocations = allocation_counter::measure(|| drop(last.decide())).count_total;
        writeln!(written, "{kind}: {allocations}").unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FIGURES, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(Path::new(FIGURES)).unwrap(), written);
}

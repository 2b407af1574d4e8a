//! Events about hostile requests.

use stepgate_decision::GuardFailure;

use super::*;
use crate::tests::fake::Fake;

#[test]
fn a_peer_cannot_write_lines_of_its_own() {
    let proxy = Fake::default();
    let audit = AuditContext::begun("GET\"\n{\"stepgate\":\"permit\"}", "/\u{1b}[2J\u{9b}2J");
    let context = LogContext { audit, ..LogContext::default() };
    let long = GuardFailure::Absent("x".repeat(9999));
    denial(&Denial::GuardFailed(long), &context, Mode::Enforce);
    let (_, line) = proxy.log().pop().unwrap();
    assert!(line.len() < 1024 && !line.chars().any(char::is_control), "{line}");
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["code"], "GUARD");
    assert_eq!(read["method"], "GET\"\n{\"stepgate\":\"permit\"}");
    assert_eq!(read["path"], "/\u{1b}[2J\u{9b}2J");
    assert!(read.get("peer").is_none());
}

//! `stepgate doctor`: how it is asked, and how it ends. What it finds is tested with real Envoys.

use std::net::TcpListener;

use super::run::stepgate;

#[test]
fn somebody_must_be_asked_and_at_a_place_that_can_be() {
    for arguments in [
        &["doctor"][..],
        &["doctor", "movie.yaml"],
        &["doctor", "movie.yaml", "--admin", "http://127.0.0.1:15000"],
        &["doctor", "movie.yaml", "--admin", "vfx-1=https://127.0.0.1:15000"],
        &["doctor", "movie.yaml", "--istiod", "127.0.0.1:15014"],
    ] {
        assert_eq!(stepgate(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn a_proxy_that_does_not_answer_is_a_gap_and_istiod_that_does_not_is_no_answer() {
    // Nobody listens there any more.
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin = format!("vfx-1=http://{at}");
    let ran = stepgate(&["doctor", "movie.yaml", "--admin", &admin]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for told in ["vfx-1: NO_ANSWER: ", "the workflow: NOT_ASKED: ", "= do: ", "1 proxy, 8 gaps"] {
        assert!(ran.out.contains(told), "{told}: {ran:?}");
    }
    let ran = stepgate(&["doctor", "movie.yaml", "--admin", &admin, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["proxies"][0]["gaps"][0]["gap"]), (1, &"NO_ANSWER".into()));
    let ran = stepgate(&["doctor", "movie.yaml", "--istiod", &format!("http://{at}")]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn a_document_with_errors_is_shown_and_nobody_is_asked() {
    let ran = stepgate(&["doctor", "/dev/null", "--admin", "a=http://127.0.0.1:1"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.is_empty() && ran.err.contains("error"), "{ran:?}");
}

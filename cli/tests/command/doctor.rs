//! `stepgate doctor`: its arguments and exit codes. Its findings are tested with real Envoys.

use std::net::TcpListener;

use super::run::stepgate;

#[test]
fn an_endpoint_is_required_and_must_be_a_plain_url() {
    for arguments in [
        &["doctor"][..],
        &["doctor", "movie.yaml"],
        &["doctor", "movie.yaml", "--admin", "vfx-1"],
        &["doctor", "movie.yaml", "--admin", "vfx-1=https://127.0.0.1:15000"],
        &["doctor", "movie.yaml", "--istiod", "127.0.0.1:15014"],
        &["doctor", "movie.yaml", "--istiod", "http://127.0.0.1:15014", "--except", "NO_SUCH_KIND"],
    ] {
        assert_eq!(stepgate(arguments).code, 2, "{arguments:?}");
    }
    // It says which options there are, and what for.
    let ran = stepgate(&["doctor"]);
    for text in ["give `--admin` or `--istiod`", "only it knows", "istiod has sent", "Without a file"] {
        assert!(ran.err.contains(text), "{text}: {ran:?}");
    }
}

#[test]
fn a_silent_proxy_is_a_finding_and_a_silent_istiod_a_failure() {
    // The listener is closed at once, so connections to its port are refused.
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin = format!("vfx-1=http://{at}");
    let ran = stepgate(&["doctor", "movie.yaml", "--admin", &admin]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for text in
        ["vfx-1: NO_ANSWER: ", "the workflow: NOT_CHECKED: ", "= do: ", "1 proxy, 7 findings", ", of movie.yaml"]
    {
        assert!(ran.out.contains(text), "{text}: {ran:?}");
    }
    // It was asked, and did not answer.
    assert!(!ran.out.contains("no proxy of spiffe://cluster.local/ns/movie/sa/vfx-1 "), "{ran:?}");
    let ran = stepgate(&["doctor", "movie.yaml", "--admin", &admin, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["proxies"][0]["findings"][0]["kind"]), (1, &"NO_ANSWER".into()));
    // Without a file and a name.
    let ran = stepgate(&["doctor", "--admin", &format!("http://{at}")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for text in [&format!("http://{at}: NO_ANSWER: "), "NO_WORKFLOW: no gate has an open workflow", "no file was given"]
    {
        assert!(ran.out.contains(text), "{text}: {ran:?}");
    }
    let ran = stepgate(&["doctor", "--admin", &admin, "--except", "NO_ANSWER,NO_WORKFLOW"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = stepgate(&["doctor", "movie.yaml", "--istiod", &format!("http://{at}")]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn a_document_with_errors_is_rejected_before_any_request() {
    let ran = stepgate(&["doctor", "movie.yaml", "/dev/null", "--admin", "a=http://127.0.0.1:1"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.is_empty() && ran.err.contains("error"), "{ran:?}");
}

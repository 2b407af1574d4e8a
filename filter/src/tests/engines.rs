//! When the proxy's crypto is used at all, and what the log says about it.

use super::*;

/// The gate with a key for ES256 beside its own.
fn with_es256(first: &str) -> String {
    let key = "{workflow: film, kid: es, use: verify, jwk: {kty: EC, crv: P-256, x: fGbwON4P1S0v1d8zbxzQU4uEEH35MafDqUzwgudxmgk, \"y\": vZJd29x_txOgiMjKtPjp1tBvSv5jtRh4121Cvo5tHAw}}";
    format!("{first}\n{}", GATE.replace("env: KEY}]", &format!("env: KEY}}, {key}]")))
}

fn log(proxy: &Fake) -> String {
    proxy.log().into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_the_functions_the_log_says_rust() {
    let proxy = proxy();
    assert!(plugin(&proxy, &with_es256("")).gate().is_some());
    let log = log(&proxy);
    assert!(log.contains(r#""es256":{"verify":"rust","sign":"rust"}"#), "{log}");
    assert!(log.contains("ES256 is verified in Rust: the proxy has no such function"), "{log}");
    assert!(log.contains("ES256 is signed in Rust: the proxy has no such function"), "{log}");
    assert!(proxy.log().iter().all(|(level, _)| *level == Level::Info), "{log}");
}

#[test]
fn a_proxy_that_fails_the_self_test_is_a_warning_and_the_gate_works() {
    let proxy = proxy();
    proxy.broken.borrow_mut().push("call_foreign_function");
    assert!(plugin(&proxy, &with_es256("")).gate().is_some());
    assert_eq!(proxy.log().iter().filter(|(level, _)| *level == Level::Warn).count(), 2);
}

#[test]
fn the_proxys_crypto_is_not_called_without_a_reason() {
    for (gate, said) in [(with_es256("crypto: rust"), true), (GATE.to_owned(), false)] {
        let proxy = proxy();
        proxy.foreign.replace(Some(Box::new(|_, _| panic!("asked"))));
        assert!(plugin(&proxy, &gate).gate().is_some());
        assert_eq!(log(&proxy).contains(r#""es256":{"verify":"rust","sign":"rust"}"#), said);
    }
}

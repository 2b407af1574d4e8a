use super::*;

#[test]
fn flat_guards_pass() {
    for source in [
        "a.b == 1 && c.d < 2".to_owned(),
        vec!["peer.tenure > 10"; 100].join(" || "),
        format!("peer.actor in [{}]", vec!["\"a\""; 300].join(", ")),
        "x == \"((((((((((((((((((((((((((((((\"".to_owned(),
        "x == r'\\' && y == '\\'((((((((((((((((((((((('".to_owned(),
        "x == '''((((((((((((((((((((((('' '''".to_owned(),
        "1.5 + 2.5".to_owned(),
        "x in ['a', r'b', br\"c\"] && y == '\\x41\\u00e9\\101'".to_owned(),
        "!".repeat(4_000) + "x",
    ] {
        assert!(parse(&source).is_ok(), "{source}");
    }
}

/// Each is deep, or is not CEL, to some reader.
#[test]
fn depth_does_not_hide() {
    let (deep, long) = ("(".repeat(20), ".a".repeat(100));
    for source in [
        format!("\"\n{deep}"),
        format!("'\r{deep}'"),
        format!("\"\\q{deep}\""),
        format!("'\\x4{deep}'"),
        format!("r'\n{deep}'"),
        format!("rr\"\\\" \" {deep}\""),
        format!("1e5r'\\'{deep}'"),
        format!("a.`//`{long}"),
        format!("1{long}"),
        format!("1.5{long}"),
        "1 in\n".repeat(100),
        format!("1==1&&=\"{long}\""),
        format!("1&\"{long}\""),
        format!("#{deep}"),
        format!("{}1", "()".repeat(20)),
        format!("{}1", "(1]".repeat(20)),
        format!("(1{}", "+1,+1".repeat(40)),
        format!("1{}", "+1,+1".repeat(40)),
        format!("a[1{}", "+1,+1".repeat(40)),
        format!("true(1{}", "+1 1+1".repeat(40)),
        format!("0x1(1{}", "+1,+1".repeat(40)),
        format!("a?b:(1{}", "+1,+1".repeat(40)),
        format!("1{}", "+1+&&1".repeat(40)),
    ] {
        assert!(parse(&source).is_err(), "{source}");
    }
}

#[test]
fn deep_guards_are_rejected() {
    for source in [
        "(".repeat(MAX_NESTING + 1),
        "a?b:".repeat(MAX_NESTING + 1),
        vec!["1"; MAX_CHAIN + 2].join("+"),
        vec!["a"; MAX_CHAIN + 2].join("."),
        "a[".repeat(MAX_NESTING + 1),
        format!("a{}", "[0]".repeat(MAX_CHAIN + 1)),
        vec!["1"; MAX_CHAIN + 2].join(" in "),
        "x".repeat(MAX_SOURCE + 1),
        format!("{}1{}", "(1+1+1+1+1+".repeat(12), ")".repeat(12)),
    ] {
        assert_eq!(parse(&source).map_err(|error| error.code), Err(Code::GuardBound), "{source}");
    }
}

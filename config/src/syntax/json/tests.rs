//! The parser against serde_json: texts, errors and places.

use super::super::to_json;
use super::*;

#[test]
fn json_is_read_as_serde_reads_it() {
    for text in [
        r#"{"a": {"b": [1, -2.5e3, null, true, "x\n\u00e9\ud83d\ude00\/"]}, "é": []}"#,
        "[]",
        " [ {} , [ ] , \"\" , 0 ] \n",
        "[1.5, 0, -7, 1E2]",
    ] {
        let tree = parse(text, &mut Report::new()).unwrap().unwrap();
        let expected: serde_json::Value = serde_json::from_str(text).unwrap();
        // A whole number is an integer in any notation.
        let expected = expected.to_string().replace("-2500.0", "-2500").replace("100.0", "100");
        assert_eq!(to_json(&tree).to_string(), expected);
    }
}

#[test]
fn other_texts_are_not_json() {
    for text in [
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a: 1}",
        "[01]",
        "[1] 2",
        "[.5]",
        "[+1]",
        "[\"\\x41\"]",
        "[\"\\ud83d\"]",
        "[\"a\nb\"]",
        "{\"a\" 1}",
        "[1 2]",
        "{1: 2}",
        "[tru]",
        "]",
        "{]",
        "[}",
        "[\"",
        "[\"\\",
        "[\"\\u12",
        "[NaN]",
        "",
    ] {
        assert!(parse(text, &mut Report::new()).is_err(), "{text}");
    }
}

#[test]
fn places_are_those_of_the_text() {
    let text = "{\"é\":\n  [\"x\", 12]}";
    let tree = parse(text, &mut Report::new()).unwrap().unwrap();
    let list = tree.get("é").unwrap();
    let last = list.items().last().unwrap().span;
    assert_eq!((last.line, last.column, last.of(text)), (2, 9, "12"));
    assert_eq!(list.span.of(text), "[\"x\", 12]");
    assert_eq!(tree.span.of(text), text);
}

//! Foreign texts do not control the terminal.

use super::*;

const CONTROLS: &str = "\u{1b}[2J\r\u{7f}\u{9b}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}";

#[test]
fn nothing_controls_the_terminal() {
    let shown = escape(&format!("é{CONTROLS}✓"));
    assert!(shown.starts_with("é\\u{1b}[2J\\r\\u{7f}") && shown.ends_with("\\u{2069}✓"), "{shown}");
    assert!(!shown.chars().any(is_control), "{shown}");
}

#[test]
fn escaped_json_has_the_same_meaning() {
    let value = serde_json::json!({"sub": CONTROLS, "名": "✓"});
    let shown = escape_json(&serde_json::to_string_pretty(&value).unwrap());
    assert!(shown.contains("\\u202e") && shown.contains('✓'), "{shown}");
    assert!(!shown.chars().any(|c| is_control(c) && c != '\n'), "{shown}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
}

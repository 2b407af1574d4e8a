//! Manifests as YAML: block style, one order of keys, nothing that two readers take differently.

use serde_json::{Map, Value};

/// Keys that stand first, in this order; all others follow by their names.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "workflow",
    "revision",
    "trust_domain",
    "assurance",
    "from",
    "to",
    "actor",
    "actors",
    "tasks",
    "transitions",
    "target",
    "op",
    "path",
    "mode",
];

/// Objects as a stream of documents.
pub(super) fn stream(objects: &[Value]) -> String {
    objects.iter().map(text).collect::<Vec<_>>().join("---\n")
}

/// One object.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in ordered(map) {
                text.push_str(&" ".repeat(indent));
                entry(key, value, indent, text);
            }
        }
        Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| element(item, indent, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&format!("{}{}\n", " ".repeat(indent), scalar(value)));
        }
    }
}

fn entry(key: &str, value: &Value, indent: usize, text: &mut String) {
    text.push_str(&format!("{}:", plain(key)));
    if let Some(lines) = value.as_str().filter(|text| is_block(text)) {
        text.push_str(" |\n");
        let margin = " ".repeat(indent.saturating_add(2));
        lines.lines().for_each(|line| text.push_str(&format!("{margin}{line}\n")));
    } else if is_nested(value) {
        text.push('\n');
        block(value, indent.saturating_add(2), text);
    } else {
        text.push_str(&format!(" {}\n", scalar(value)));
    }
}

/// `- ` and the item, whose first key stands on the same line.
fn element(item: &Value, indent: usize, text: &mut String) {
    let mut inner = String::new();
    let deeper = indent.saturating_add(2);
    block(item, deeper, &mut inner);
    text.push_str(&format!("{}- {}", " ".repeat(indent), inner.trim_start_matches(' ')));
}

fn is_nested(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty()) || value.as_array().is_some_and(|items| !items.is_empty())
}

/// Several lines of plain text, which a literal block shows as they are.
fn is_block(text: &str) -> bool {
    let tame = |c: char| c == '\n' || (' '..='~').contains(&c);
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.lines().count() > 1
        && text.chars().all(tame)
        && text.lines().all(|line| !line.is_empty() && !line.ends_with(' '))
}

fn ordered(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    entries.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
    entries
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A text without quotes where every reader takes it for a text, else in quotes.
fn plain(text: &str) -> String {
    let starts =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) || ["/", "../"].iter().any(|s| text.starts_with(s));
    let word = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    let taken = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"];
    if starts && word && !taken.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else if text.contains('"') && text.chars().all(|c| (' '..='~').contains(&c) && c != '\'' && c != '\\') {
        // JSON within YAML stays readable.
        format!("'{text}'")
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({
            "kind": "Secret", "apiVersion": "v1", "empty": {}, "none": [], "nothing": null,
            "texts": ["on", "No", "1", "0x1", "1e3", "", " a", "a: b", "# x", "é\n\u{85}\u{7f}", "a/b.c_d-e", "~", "-", "{id}", "*",
                "../x", "/", ".5", "{\"a\": [\"b\"]}", "\"it's\"", "\"\\\""],
            "deep": [[1, [2]], {"b": [{"c": {"d": true}, "a": -1.5}], "name": "x"}, []],
            "lines": "- {op: add}\n- second\n", "blank": "a\n\nb\n", "yes": {"true": "y"}, "8080": "x y",
        });
        let text = text(&value);
        assert!(text.starts_with("apiVersion: v1\nkind: Secret\n"), "{text}");
        assert!(text.contains("lines: |\n  - {op: add}\n  - second\n"), "{text}");
        assert_eq!(stepgate_config::to_json(text.as_bytes()).unwrap(), value, "{text}");
    }
}

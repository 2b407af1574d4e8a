//! Writes a proposal into a document, as a person would.

use serde_json::{Map, Value, json};
use stepgate_config::{Diagnostic, Span};

/// The document with the proposal in place of what the diagnostic marks: keys of a mapping take the place of its own, items
/// of a list that of each item with a mark, and of a chain that of each arrow with one.
pub(crate) fn follow(document: &Value, text: &str, diagnostic: &Diagnostic, proposed: &Value) -> Value {
    let mut document = document.clone();
    let marks: Vec<Span> =
        std::iter::once(diagnostic.primary).chain(diagnostic.secondary.iter().map(|(span, _)| *span)).collect();
    let at = Place::of(&document, text, diagnostic.primary);
    // A whole document within a gate's configuration.
    let is_gate = document.get("workflow").is_none();
    match proposed {
        Value::Array(items) => replace_items(&mut document, text, &at.section, &marks, items),
        Value::Object(keys) => {
            for (key, value) in keys {
                match key.as_str() {
                    "actors" | "tasks" => entries(&mut document, key, value.as_object().unwrap()),
                    "transitions" | "constraints" => {
                        replace_items(&mut document, text, key, &marks, value.as_array().unwrap());
                    }
                    "assurance" | "deadline" | "task_ttl" if !is_gate => document[key] = value.clone(),
                    _ => *at.item(&mut document).get_mut(key).unwrap() = value.clone(),
                }
            }
        }
        other => panic!("a proposal is keys or items: {other}"),
    }
    document
}

/// Where something is in a document whose sections are lines without indentation.
struct Place {
    section: String,
    /// The item of a list, counted from 0.
    number: usize,
    /// The line in which that begins, or an entry of a mapping.
    line: String,
}

impl Place {
    fn of(document: &Value, text: &str, span: Span) -> Self {
        let lines: Vec<&str> = text.lines().take(usize::try_from(span.line).unwrap()).collect();
        let is_section = |line: &&&str| line.starts_with(|first: char| first.is_ascii_lowercase());
        let (first, head) = lines.iter().enumerate().rfind(|(_, line)| is_section(line)).unwrap();
        let section = head.split(':').next().unwrap().to_owned();
        let within = &lines[first + 1..];
        let is_list = document[&section].is_array();
        let starts = |line: &&&str| match is_list {
            true => line.starts_with("  - "),
            false => line.starts_with("  ") && !line.starts_with("   ") && !line.starts_with("  #"),
        };
        let begun: Vec<&&str> = within.iter().filter(starts).collect();
        let line = begun.last().map_or("", |line| line.trim()).to_owned();
        Self { section, number: begun.len().saturating_sub(1), line }
    }

    fn item<'d>(&self, document: &'d mut Value) -> &'d mut Map<String, Value> {
        let section = &mut document[&self.section];
        let item = match section {
            Value::Array(items) => &mut items[self.number],
            Value::Object(entries) => &mut entries[self.line.split(':').next().unwrap()],
            other => panic!("{}: {other}", self.section),
        };
        item.as_object_mut().unwrap()
    }
}

/// Each key of an entry takes the place of its own; an entry that is new is added.
fn entries(document: &mut Value, section: &str, proposed: &Map<String, Value>) {
    if let Value::Array(names) = &document[section] {
        let named = names.iter().map(|name| (name.as_str().unwrap().to_owned(), json!({}))).collect();
        document[section] = Value::Object(named);
    }
    let all = document[section].as_object_mut().unwrap();
    for (name, keys) in proposed {
        let entry = all.entry(name.clone()).or_insert_with(|| json!({}));
        for (key, value) in keys.as_object().unwrap() {
            entry[key] = value.clone();
        }
    }
}

fn replace_items(document: &mut Value, text: &str, section: &str, marks: &[Span], proposed: &[Value]) {
    let marked: Vec<(usize, &str)> = marks
        .iter()
        .map(|span| (Place::of(document, text, *span), span.of(text)))
        .filter(|(place, _)| place.section == section)
        .map(|(place, words)| (place.number, words))
        .collect();
    let Some(Value::Array(items)) = document.get_mut(section) else { panic!("no list {section}") };
    let mut kept = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let marks: Vec<&str> = marked.iter().filter(|(at, _)| *at == number).map(|(_, words)| *words).collect();
        match item.as_str() {
            _ if marks.is_empty() => kept.push(item.clone()),
            Some(chain) => kept.extend(arrows(chain, &marks).map(Value::from)),
            None => {}
        }
    }
    kept.extend(proposed.iter().cloned());
    *items = kept;
}

/// The arrows of a chain that have no mark.
fn arrows<'c>(chain: &'c str, marks: &'c [&str]) -> impl Iterator<Item = String> + 'c {
    let tasks: Vec<&str> = chain.split("->").map(str::trim).collect();
    let all: Vec<String> = tasks.windows(2).map(|pair| format!("{} -> {}", pair[0], pair[1])).collect();
    all.into_iter().filter(|arrow| !marks.contains(&arrow.as_str()))
}

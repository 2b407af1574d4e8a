//! The reference of the language as Markdown tables, for the docs.

use std::fmt::Write as _;

use super::{DOCUMENT, Key, Language, Need, Object, Value};
use crate::level::Level;

/// The keys of documents or of gates' configurations: a table for each object. For the documents within a gate's
/// configuration, only the keys that documents alone do not have.
pub fn reference_markdown(language: Language) -> String {
    let mut text = String::new();
    let mut objects = vec![language.root()];
    let mut next = 0;
    while let Some(object) = objects.get(next) {
        next = next.saturating_add(1);
        let object: &'static Object = object;
        // Writing to a string does not fail.
        let article = if object.article() == "an" { "An" } else { "A" };
        let _ = writeln!(text, "## {article} {}\n\n{}\n", object.noun, object.doc);
        text.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
        // The keys of documents are in their own reference.
        let document = DOCUMENT.keys().count();
        let known = if language == Language::Gate && object.key("tasks").is_some() { document } else { 0 };
        for key in object.keys().skip(known) {
            text.push_str(&row(key));
            if let Some(inner) = key.value.object()
                && !objects.iter().any(|known| std::ptr::eq(*known, inner))
            {
                objects.push(inner);
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn row(key: &Key) -> String {
    let default = match key.need {
        Need::Required => "required".to_owned(),
        Need::RequiredWithout(key) => format!("required without `{key}`"),
        Need::Optional => "none".to_owned(),
        Need::Default(text) => format!("`{text}`"),
    };
    let level = match (key.later, key.from) {
        (true, _) => " Not in this release.".to_owned(),
        (false, Level::Identity) => String::new(),
        (false, from) => {
            let value = key.only.map_or_else(|| " Enforced".to_owned(), |value| format!(" `{value}` is enforced"));
            format!("{value} from level `{}` on; advisory only below it.", from.as_str())
        }
    };
    format!(
        "| `{}` | {} | {default} | {}{level} |\n",
        key.name,
        shown(&key.value).replace('|', "\\|"),
        key.doc.replace('|', "\\|")
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(format) => format.word().to_owned(),
        Value::Choice { words, later } => {
            let now = words.iter().map(|word| format!("`{word}`"));
            let later = later.iter().map(|word| format!("`{word}` (not in this release)"));
            now.chain(later).collect::<Vec<_>>().join(", ")
        }
        Value::Flag => "`true`, `false`".to_owned(),
        Value::Whole { least, most } => format!("{least} to {most}"),
        Value::Scalar => "bool, number or string".to_owned(),
        Value::List { of, most, .. } => format!("list of {}, at most {most}", shown(of)),
        Value::Map { keys, of, most } => format!("mapping from {} to {}, at most {most}", keys.word(), shown(of)),
        Value::Object(object) => object.noun.to_owned(),
        Value::Either(a @ Value::Text(_), b @ Value::Object(_)) => format!("{} or {}", shown(a), shown(b)),
        Value::Either(a, b) => format!("{}, or {}", shown(a), shown(b)),
        Value::Jwk => "public JWK".to_owned(),
        Value::Unread => "".to_owned(),
    }
}

//! The guards of one document: a guard that several transitions share is compiled once.

use super::{Context, Draft};
use crate::PEOPLE;
use crate::bounds::MAX_GUARD_TEXT;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::guard::{Guard, GuardError, Vocabulary, joined_comment};
use crate::proposal;
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::SortedMap;
use crate::syntax::Parts;
use crate::workflow::Assurance;

/// What a guard is, by one with the parts that most have.
const FORM: &str = r#"a guard is one condition, such as `request.method == "POST" && now.getHours("UTC") < 18`"#;
/// Most operators of another language that are written as those of CEL.
const MAX_SLIPS: usize = 8;

pub(super) struct Guards {
    vocabulary: Vocabulary,
    read: SortedMap<String, Result<Guard, Vec<GuardError>>>,
}

impl Guards {
    /// `fields` are the document's: their tasks and actors may have errors of their own, and are not in the draft then.
    pub(super) fn new(draft: &Draft, fields: Fields<'_, '_>) -> Self {
        let attributes = draft
            .actors
            .iter()
            .flat_map(|actor| actor.own.values().chain(actor.own_open.values()).chain([&actor.attributes]));
        let mut vocabulary = Vocabulary::new(attributes.flatten());
        let names = |key| fields.entries(key).iter().map(|entry| entry.key.to_string()).collect();
        vocabulary.tasks = names("tasks");
        vocabulary.actors = names("actors");
        let ids = draft.actors.iter().flat_map(|actor| &actor.spiffe);
        vocabulary.open = draft.actors.iter().any(|actor| !actor.open.is_empty());
        vocabulary.ids = ids.map(|(id, _)| id.as_str().to_owned()).collect();
        Self { vocabulary, read: SortedMap::new() }
    }

    /// The guard at `when`.
    pub(super) fn read(
        &mut self,
        of: Fields<'_, '_>,
        assurance: Option<Assurance>,
        context: &mut Context<'_>,
    ) -> Option<Guard> {
        let field = of.get("when")?;
        let source = field.node.text()?;
        if !self.read.contains_key(source) {
            let Some(left) = context.guard_text.checked_sub(source.len()) else {
                let message = words!("all guards of this input together have more than {MAX_GUARD_TEXT} bytes");
                context.report.push(
                    Diagnostic::new(Code::GuardBound, field.node.span, message).label("this guard exceeds the bound"),
                );
                return None;
            };
            context.guard_text = left;
            self.read.insert(source.to_owned(), Guard::compile(source, &self.vocabulary));
        }
        match self.read.get(source)? {
            Ok(guard) => {
                if guard.reads().instance && assurance == Some(Assurance::Identity) {
                    let level = Assurance::Identity.as_str();
                    let message = words!("this guard reads `instance`, which level `{level}` does not have");
                    let diagnostic = Diagnostic::new(Code::NotEnforced, field.node.span, message);
                    context.report.push(
                        diagnostic
                            .label("every request would be denied at this level")
                            .help("use level `signed`, or a guard that does not read `instance`")
                            .example("assurance: signed"),
                    );
                }
                // JSON has no text in several lines.
                if PEOPLE && let Some(comment) = joined_comment(source, field.node.span.of(context.text)) {
                    let message = "a comment takes the rest of this guard: YAML joins its lines";
                    let joined = Diagnostic::new(Code::GuardSyntax, field.node.span, message);
                    let label = words!("nothing of {} is evaluated", quote(comment));
                    let joined = joined.label(label).help("write the guard after `when: |`, which keeps its lines");
                    context.report.push(joined.example(in_lines(field.node.span.of(context.text))));
                }
                Some(guard.clone())
            }
            Err(errors) => {
                for error in errors {
                    let exact = |at| Parts::of(source, field.node, context.text).place(at);
                    let span = error.at.as_ref().map_or(field.node.span, exact);
                    let diagnostic = Diagnostic::new(error.code, span, error.message.clone());
                    let diagnostic = diagnostic.label(error.label.clone()).maybe_help(error.help.clone());
                    let is_syntax = PEOPLE && error.code == Code::GuardSyntax;
                    let meant = is_syntax.then(|| meant(source, error.clone(), &self.vocabulary)).flatten();
                    let form = is_syntax && meant.is_none() && error.help.is_none();
                    let diagnostic = diagnostic.maybe_help(form.then(|| FORM.to_owned()));
                    let meant = meant.map(|meant| words!("when: {}", proposal::guard(&meant)));
                    context.report.push(diagnostic.maybe_example(meant));
                }
                None
            }
        }
    }
}

/// A guard that is written in several lines, so that they stay lines.
fn in_lines(raw: &str) -> String {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let inner = quote.and_then(|quote| raw.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(raw);
    let inner = match quote {
        Some('"') => inner.replace("\\\"", "\""),
        Some(_) => inner.replace("''", "'"),
        None => inner.to_owned(),
    };
    inner.trim_end().lines().fold("when: |".to_owned(), |lines, line| lines + "\n  " + line.trim())
}

/// The guard with `==`, `&&` and `||` for each `=`, `&` and `|`, where it is right then.
fn meant(source: &str, mut error: GuardError, vocabulary: &Vocabulary) -> Option<String> {
    let mut source = source.to_owned();
    for _ in 0..MAX_SLIPS {
        let at = error.at?;
        let operator = source.get(at.clone()).filter(|text| ["=", "&", "|"].contains(text))?.repeat(2);
        source.replace_range(at, &operator);
        error = match Guard::compile(&source, vocabulary) {
            Ok(_) => return Some(source),
            Err(errors) => errors.into_iter().next()?,
        };
    }
    None
}

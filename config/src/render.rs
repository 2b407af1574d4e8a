//! Diagnostics with the lines of the input, for people.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};

use crate::code::Severity;
use crate::diagnostic::{Diagnostic, Span};

/// Shows each diagnostic with the lines of `text` that it is about, in the form of rustc. `text` is the
/// input, `name` the file's name; `color` is for terminals.
pub fn render(diagnostics: &[Diagnostic], text: &[u8], name: &str, color: bool) -> String {
    // Input that is not UTF-8 is shown, too: up to the place of the error, offsets stay the same.
    let text = String::from_utf8_lossy(text);
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut shown = String::new();
    for diagnostic in diagnostics {
        shown.push_str(&renderer.render(&[group(diagnostic, &text, name)]));
        shown.push_str("\n\n");
    }
    shown
}

fn group<'d>(diagnostic: &'d Diagnostic, text: &'d str, name: &'d str) -> Group<'d> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(Vec::<Origin<'_>>::new());
    let group = if text.trim().is_empty() {
        // There is no line to show.
        group.element(Origin::path(name))
    } else {
        group.element(snippet(diagnostic, text, name))
    };
    let group = match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    };
    match &diagnostic.example {
        Some(lines) => group.element(Level::HELP.with_name("write").message(lines.as_str())),
        None => group,
    }
}

/// Only the lines from the first place to the last: the input may be long.
fn snippet<'d>(
    diagnostic: &'d Diagnostic,
    text: &'d str,
    name: &'d str,
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let places = || std::iter::once(&diagnostic.primary).chain(diagnostic.secondary.iter().map(|(span, _)| span));
    let (first, last) = places()
        .map(|span| range(span, text))
        .fold((text.len(), 0), |(first, last), (start, end)| (first.min(start), last.max(end)));
    let from = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let to = text.get(last..).and_then(|after| after.find('\n')).map_or(text.len(), |at| last.saturating_add(at));
    let line = places().map(|span| span.line).min().and_then(|line| usize::try_from(line).ok()).unwrap_or(1);
    let within = |span: &Span| {
        let (start, end) = range(span, text);
        start.saturating_sub(from)..end.saturating_sub(from)
    };
    let primary = AnnotationKind::Primary.span(within(&diagnostic.primary)).label(label(&diagnostic.label));
    let others =
        diagnostic.secondary.iter().map(|(span, text)| AnnotationKind::Context.span(within(span)).label(label(text)));
    let window = text.get(from..to).unwrap_or_default();
    Snippet::source(window).line_start(line).path(name).annotation(primary).annotations(others)
}

fn label(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A place as offsets within the text, at character boundaries, without the line's end.
fn range(span: &Span, text: &str) -> (usize, usize) {
    let offset = |at: u32| text.floor_char_boundary(usize::try_from(at).unwrap_or(text.len()).min(text.len()));
    let (start, end) = (offset(span.start), offset(span.end));
    let trimmed = text.get(start..end).map_or(0, |part| part.trim_end().len());
    (start, start.saturating_add(trimmed))
}

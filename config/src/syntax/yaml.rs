//! From the YAML parser's events to the tree.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Mark, Tag};

use super::builder::{Builder, Open, Rejected, unsupported};
use super::offsets::Offsets;
use super::yaml11::{is_ambiguous, odd_character};
use super::{Kind, MAX_STRUCTURE, Node, narrow, scalar, slip};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};

/// The trees of a YAML text, more than one only if there may be `several`; none where it is rejected, with the reason in
/// `report`.
pub(super) fn parse<'a>(text: &'a str, several: bool, report: &mut Report) -> Vec<Node<'a>> {
    let structure = text.bytes().filter(|b| b",:[{?".contains(b)).count();
    if structure > MAX_STRUCTURE {
        let label = words!("it has {structure} of `,`, `:`, `[`, `{{` and `?`; at most {MAX_STRUCTURE} are allowed");
        let help = "write the input as JSON, which does not have this bound";
        let many = Diagnostic::new(Code::TooMany, Span::START, "this YAML has too many parts");
        report.push(many.label(label).help(help));
        return Vec::new();
    }
    if let Some((at, odd)) = odd_character(text) {
        report.push(ambiguous_character(text, at, odd));
        return Vec::new();
    }
    let earlier = several.then(Vec::new);
    let mut events = Events { offsets: Offsets::of(text), builder: Builder::new(report), earlier };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, mark)) => {
                if events.handle(event, mark).is_err() {
                    return Vec::new();
                }
            }
            Err(error) => {
                let span = events.offsets.span(*error.marker(), *error.marker());
                // For an alias without an anchor, the parser reports an error before its event.
                let alias = error.info().contains("unknown anchor");
                let syntax = || {
                    let at = usize::try_from(span.start).unwrap_or_default();
                    let stopped = Diagnostic::new(Code::Syntax, span, words!("not YAML: {}", error.info()));
                    stopped.maybe_help(slip::help(text, at, error.info()))
                };
                events.builder.report.push(if alias { unsupported("an alias", span) } else { syntax() });
                return Vec::new();
            }
        }
    }
    let Events { builder, earlier, .. } = events;
    let trees: Vec<Node<'a>> = earlier.into_iter().flatten().chain(builder.root).collect();
    if trees.is_empty() {
        let empty = Diagnostic::new(Code::Unreadable, Span::START, "the input has no content");
        builder.report.push(empty.help("a gate without a configuration denies every request"));
    }
    trees
}

/// The error ends the reading: what follows the character may be a line of its own to others.
fn ambiguous_character(text: &str, at: usize, odd: char) -> Diagnostic {
    let before = text.get(..at).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    let span = Span {
        start: narrow(at),
        end: narrow(at.saturating_add(odd.len_utf8())),
        line: narrow(before.split('\n').count()),
        column: narrow(column),
    };
    let message = words!("readers of YAML 1.1 and YAML 1.2 read the character U+{:04X} differently", u32::from(odd));
    let label = "to some readers, a line ends here or a name begins with it";
    Diagnostic::new(Code::BadValue, span, message).label(label).help("remove it")
}

struct Events<'a, 'r> {
    offsets: Offsets<'a>,
    builder: Builder<'a, 'r>,
    /// The documents before this one, if there may be several.
    earlier: Option<Vec<Node<'a>>>,
}

impl<'a> Events<'a, '_> {
    fn handle(&mut self, event: Event<'a>, mark: Mark) -> Result<(), Rejected> {
        let span = self.offsets.span(mark.start, mark.end);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => match (self.builder.root.take(), &mut self.earlier) {
                (None, _) => Ok(()),
                (Some(root), Some(earlier)) => {
                    earlier.push(root);
                    Ok(())
                }
                (Some(_), None) => self.builder.reject(unsupported("a second document", span)),
            },
            Event::Alias(_) => self.builder.reject(unsupported("an alias", span)),
            Event::Scalar(text, style, anchor, tag) => {
                self.reject_properties(anchor, None, span);
                let Some(tag) = tag else { return self.scalar(text, style, span) };
                self.builder.report.push(tagged(&tag, &text, span));
                self.builder.value(Node { span, kind: Kind::Broken })
            }
            Event::SequenceStart(anchor, tag) => {
                self.reject_properties(anchor, tag.as_deref(), span);
                self.builder.begin(Open::List { start: span, items: Vec::new() }, span)
            }
            Event::MappingStart(anchor, tag) => {
                self.reject_properties(anchor, tag.as_deref(), span);
                self.builder.begin(Open::Map { start: span, entries: Vec::new(), key: None }, span)
            }
            // After a bracket the parser's mark has the rest of the line, a comment included.
            Event::SequenceEnd | Event::MappingEnd => {
                self.builder.end(Span { end: span.end.min(span.start.saturating_add(1)), ..span })
            }
        }
    }

    /// Reports anchors and tags, with which a value could be elsewhere, or of another type, than it appears.
    fn reject_properties(&mut self, anchor: usize, tag: Option<&Tag>, span: Span) {
        if anchor != 0 {
            self.builder.report.push(unsupported("an anchor", span));
        }
        if tag.is_some() {
            self.builder.report.push(unsupported("a tag", span));
        }
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, span: Span) -> Result<(), Rejected> {
        let is_plain = style == ScalarStyle::Plain;
        let span = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.offsets.quoted(span),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => span,
        };
        let kind = if is_plain && is_ambiguous(&text) {
            let message = words!("readers of YAML 1.1 and YAML 1.2 read {} differently", quote(&text));
            Err(Diagnostic::new(Code::BadValue, span, message).help(
                "put a string in quotes; write bools as `true` or `false`, and numbers in decimal, without leading zeros, `_` or `1e3`",
            ))
        } else if is_plain {
            scalar::plain(text).map_err(|error| Diagnostic::new(Code::BadValue, span, error.to_string()))
        } else {
            Ok(Kind::Text(text))
        };
        let kind = kind.unwrap_or_else(|diagnostic| {
            self.builder.report.push(diagnostic);
            Kind::Broken
        });
        self.builder.value(Node { span, kind })
    }
}

/// A tag before a text. Those of YAML itself say what the text is already; any other means something only to one tool, such as
/// `!Ref`, or begins a text without quotes.
fn tagged(tag: &Tag, text: &str, span: Span) -> Diagnostic {
    let help = if tag.is_yaml_core_schema() {
        words!("leave the tag out: write {}", slip::quoted(text))
    } else {
        words!(
            "a tag means something only to the tool that it is for: write the value itself; if the text begins with `!`, put all of \
             it in quotes: write {}",
            slip::quoted(words!("{tag} {text}").trim_end())
        )
    };
    unsupported("a tag", span).help(help)
}

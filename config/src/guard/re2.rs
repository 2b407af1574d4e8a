//! The forms of regular expressions that RE2 reads as the crate that runs them does. CEL's patterns are those of RE2, so a guard
//! has no others: a form that is not listed here is refused.

use regex_syntax::ast::{
    AssertionKind, Ast, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, Flag, Flags, FlagsItemKind,
    Group, GroupKind, HexLiteralKind, Literal, LiteralKind, Repetition, RepetitionKind, RepetitionRange,
    SpecialLiteralKind,
};
use thiserror::Error;

use super::pattern::Disputed;

/// Most repetitions that RE2 takes, those within others multiplied.
const MAX_REPEATED: u32 = 1_000;

/// A form that RE2 refuses, or reads in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum OtherForm {
    #[error("CEL reads `--` at the start of a class as the start of a range: write `\\-`")]
    Dashes,
    #[error("CEL reads `\\<` and `\\>` as these characters, and `{{` after `\\b` as itself: write `<`, `>` or `\\b`")]
    WordEdge,
    #[error("CEL has only the flags `i`, `m`, `s` and `U`")]
    Flag,
    #[error("with the flag `i`, gates know the two cases of letters in ASCII only: list both cases")]
    Letter,
    #[error(
        "CEL reads braces as text unless they are `{{n}}`, `{{n,}}` or `{{n,m}}`, without spaces and leading zeros"
    )]
    Braces,
    #[error("CEL does not repeat a repetition: put the inner one in brackets, `(?:…)`")]
    Repeated,
    #[error("CEL repeats at most {MAX_REPEATED} times, repetitions within others multiplied")]
    Times,
    #[error("CEL does not have this escape: write a character as itself, or as `\\x{{…}}`")]
    Escape,
    #[error("CEL has neither classes within classes nor operations on them, and no `\\p` here: list the characters")]
    Class,
    #[error("the name of a group is letters in ASCII, digits and `_`")]
    GroupName,
}

/// The texts about which readers of a pattern disagree.
///
/// # Errors
/// A form that RE2 refuses, or reads in another way.
pub(super) fn disputed(ast: &Ast, pattern: &str) -> Result<Disputed, OtherForm> {
    let mut forms = Forms { pattern, disputed: Disputed::default(), letters: false };
    forms.times(ast)?;
    if forms.disputed.letters && forms.letters { Err(OtherForm::Letter) } else { Ok(forms.disputed) }
}

struct Forms<'p> {
    pattern: &'p str,
    disputed: Disputed,
    /// Whether it names characters outside ASCII.
    letters: bool,
}

impl Forms<'_> {
    /// Checks a part. Returns how often it repeats a part of its own at most. The depth is bounded by the parser.
    fn times(&mut self, ast: &Ast) -> Result<u32, OtherForm> {
        match ast {
            Ast::Empty(_) | Ast::Dot(_) => Ok(1),
            Ast::Literal(literal) => self.literal(literal),
            Ast::Assertion(assertion) => self.assertion(&assertion.kind),
            Ast::ClassPerl(class) => self.perl(class),
            Ast::ClassBracketed(class) => self.class(class),
            Ast::ClassUnicode(_) => Err(OtherForm::Class),
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => self.group(group),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::Alternation(of) => self.most(&of.asts),
            Ast::Concat(of) => self.most(&of.asts),
        }
    }

    fn most(&mut self, asts: &[Ast]) -> Result<u32, OtherForm> {
        asts.iter().try_fold(1, |most, ast| Ok(self.times(ast)?.max(most)))
    }

    fn literal(&mut self, literal: &Literal) -> Result<u32, OtherForm> {
        self.letters |= !literal.c.is_ascii();
        match literal.kind {
            LiteralKind::Verbatim
            | LiteralKind::Meta
            | LiteralKind::Superfluous
            | LiteralKind::HexFixed(HexLiteralKind::X)
            | LiteralKind::HexBrace(HexLiteralKind::X)
            | LiteralKind::Special(
                SpecialLiteralKind::Bell
                | SpecialLiteralKind::FormFeed
                | SpecialLiteralKind::Tab
                | SpecialLiteralKind::LineFeed
                | SpecialLiteralKind::CarriageReturn
                | SpecialLiteralKind::VerticalTab,
            ) => Ok(1),
            LiteralKind::Octal
            | LiteralKind::HexFixed(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong)
            | LiteralKind::HexBrace(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong)
            | LiteralKind::Special(SpecialLiteralKind::Space) => Err(OtherForm::Escape),
        }
    }

    fn assertion(&mut self, kind: &AssertionKind) -> Result<u32, OtherForm> {
        match kind {
            AssertionKind::NotWordBoundary => self.disputed.bytes = true,
            AssertionKind::StartLine
            | AssertionKind::EndLine
            | AssertionKind::StartText
            | AssertionKind::EndText
            | AssertionKind::WordBoundary => {}
            AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartAngle
            | AssertionKind::WordBoundaryEndAngle
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => return Err(OtherForm::WordEdge),
        }
        Ok(1)
    }

    fn perl(&mut self, class: &ClassPerl) -> Result<u32, OtherForm> {
        self.disputed.vertical_tabs |= class.kind == ClassPerlKind::Space;
        Ok(1)
    }

    fn class(&mut self, class: &ClassBracketed) -> Result<u32, OtherForm> {
        let written = self.pattern.get(class.span.start.offset..class.span.end.offset).unwrap_or_default();
        if written.trim_start_matches('[').trim_start_matches('^').starts_with("--") {
            return Err(OtherForm::Dashes);
        }
        match &class.kind {
            ClassSet::Item(ClassSetItem::Union(union)) => union.items.iter().try_fold(1, |_, item| self.item(item)),
            ClassSet::Item(item) => self.item(item),
            ClassSet::BinaryOp(_) => Err(OtherForm::Class),
        }
    }

    fn item(&mut self, item: &ClassSetItem) -> Result<u32, OtherForm> {
        match item {
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Range(range) => self.literal(&range.start).and(self.literal(&range.end)),
            ClassSetItem::Perl(class) => self.perl(class),
            ClassSetItem::Ascii(_) => Ok(1),
            ClassSetItem::Empty(_) | ClassSetItem::Unicode(_) | ClassSetItem::Bracketed(_) | ClassSetItem::Union(_) => {
                Err(OtherForm::Class)
            }
        }
    }

    fn flags(&mut self, flags: &Flags) -> Result<u32, OtherForm> {
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.disputed.letters = true,
                FlagsItemKind::Negation
                | FlagsItemKind::Flag(Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed) => {}
                FlagsItemKind::Flag(_) => return Err(OtherForm::Flag),
            }
        }
        Ok(1)
    }

    fn group(&mut self, group: &Group) -> Result<u32, OtherForm> {
        match &group.kind {
            GroupKind::CaptureIndex(_) => {}
            GroupKind::CaptureName { name, .. } => {
                let plain = name.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !plain {
                    return Err(OtherForm::GroupName);
                }
            }
            GroupKind::NonCapturing(flags) => {
                self.flags(flags)?;
            }
        }
        self.times(&group.ast)
    }

    fn repetition(&mut self, repetition: &Repetition) -> Result<u32, OtherForm> {
        if matches!(&*repetition.ast, Ast::Repetition(_)) {
            return Err(OtherForm::Repeated);
        }
        let (text, most) = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => ("?".to_owned(), 1),
            RepetitionKind::ZeroOrMore => ("*".to_owned(), 1),
            RepetitionKind::OneOrMore => ("+".to_owned(), 1),
            RepetitionKind::Range(RepetitionRange::Exactly(times)) => (format!("{{{times}}}"), *times),
            RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (format!("{{{least},}}"), *least),
            RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (format!("{{{least},{most}}}"), *most),
        };
        let written = self.pattern.get(repetition.op.span.start.offset..repetition.op.span.end.offset);
        let lazy = if repetition.greedy { "" } else { "?" };
        if written != Some(&*(text + lazy)) {
            return Err(OtherForm::Braces);
        }
        let times = self.times(&repetition.ast)?.saturating_mul(most.max(1));
        if times > MAX_REPEATED { Err(OtherForm::Times) } else { Ok(times) }
    }
}

//! The forms of regular expressions that RE2 reads in another way than the crate that runs them. CEL's are those of RE2, so a
//! guard must not have them.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassBracketed, ClassSetItem, Flag, Flags, FlagsItemKind, Literal, Visitor, visit,
};
use thiserror::Error;

/// A form that RE2 reads in another way.
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
}

/// Whether letters of two cases match each other in a pattern, which has been parsed before.
///
/// # Errors
/// A form that RE2 reads in another way.
pub(super) fn folds(pattern: &str) -> Result<bool, OtherForm> {
    match ParserBuilder::new().build().parse(pattern) {
        Ok(ast) => visit(&ast, Forms { pattern, folds: false, letters: false }),
        Err(_) => Ok(false),
    }
}

struct Forms<'p> {
    pattern: &'p str,
    /// Whether it has the flag `i`.
    folds: bool,
    /// Whether it names characters outside ASCII.
    letters: bool,
}

impl Visitor for Forms<'_> {
    type Output = bool;
    type Err = OtherForm;

    fn finish(self) -> Result<bool, OtherForm> {
        if self.folds && self.letters { Err(OtherForm::Letter) } else { Ok(self.folds) }
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), OtherForm> {
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => group.flags().map_or(Ok(()), |flags| self.flags(flags)),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::WordBoundary
                | AssertionKind::NotWordBoundary => Ok(()),
                AssertionKind::WordBoundaryStart
                | AssertionKind::WordBoundaryEnd
                | AssertionKind::WordBoundaryStartAngle
                | AssertionKind::WordBoundaryEndAngle
                | AssertionKind::WordBoundaryStartHalf
                | AssertionKind::WordBoundaryEndHalf => Err(OtherForm::WordEdge),
            },
            Ast::ClassBracketed(class) => self.class(class),
            Ast::Literal(literal) => {
                self.letter(literal);
                Ok(())
            }
            Ast::Empty(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::Repetition(_)
            | Ast::Alternation(_)
            | Ast::Concat(_) => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), OtherForm> {
        match item {
            ClassSetItem::Literal(literal) => self.letter(literal),
            ClassSetItem::Range(range) => [&range.start, &range.end].into_iter().for_each(|end| self.letter(end)),
            ClassSetItem::Empty(_)
            | ClassSetItem::Ascii(_)
            | ClassSetItem::Unicode(_)
            | ClassSetItem::Perl(_)
            | ClassSetItem::Bracketed(_)
            | ClassSetItem::Union(_) => {}
        }
        Ok(())
    }
}

impl Forms<'_> {
    fn flags(&mut self, flags: &Flags) -> Result<(), OtherForm> {
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.folds = true,
                FlagsItemKind::Negation
                | FlagsItemKind::Flag(Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed) => {}
                FlagsItemKind::Flag(_) => return Err(OtherForm::Flag),
            }
        }
        Ok(())
    }

    fn class(&self, class: &ClassBracketed) -> Result<(), OtherForm> {
        let written = self.pattern.get(class.span.start.offset..class.span.end.offset).unwrap_or_default();
        let inner = written.trim_start_matches('[').trim_start_matches('^');
        if inner.starts_with("--") { Err(OtherForm::Dashes) } else { Ok(()) }
    }

    fn letter(&mut self, literal: &Literal) {
        self.letters |= !literal.c.is_ascii();
    }
}

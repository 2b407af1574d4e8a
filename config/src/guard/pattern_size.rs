//! The size of a regular expression, which bounds the time that it takes at one byte of a text.
//!
//! The crate that runs patterns visits each state of a program at most once at each byte, and in a state each range or
//! branch. It shows its programs to no caller, and measures them in bytes, which are others in Wasm. So the size is counted
//! here on the parsed pattern, by the rules by which that crate compiles: the same number on every machine, never too low.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{Ast, ClassBracketed, ClassSet, ClassSetItem, RepetitionKind, RepetitionRange};

/// Deepest nesting of a pattern.
const MAX_NESTING: u32 = 32;
/// Most ranges of a named class such as `\w`, `\S` or `[:punct:]`.
const NAMED: usize = 5;
/// A form that the crate does not run: larger than any bound.
const UNKNOWN: usize = 1 << 30;

/// The parsed pattern; none if it is not a regular expression, or nested too deeply.
pub(super) fn parse(pattern: &str) -> Option<Ast> {
    ParserBuilder::new().nest_limit(MAX_NESTING).build().parse(pattern).ok()
}

/// States, ranges and branches of the pattern's program.
pub(super) fn pattern_size(ast: &Ast, pattern: &str) -> usize {
    // Flags, of which `i` doubles the ranges. Only groups without a name and with one have none.
    let flags = pattern.split("(?").skip(1).any(|rest| !rest.starts_with([':', 'P', '<']));
    // The whole match is a group, and has an end.
    size(ast, flags).saturating_add(4).min(UNKNOWN)
}

fn size(ast: &Ast, flags: bool) -> usize {
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => 1,
        Ast::Literal(_) => ranges(1, flags),
        Ast::Dot(_) => ranges(2, flags),
        Ast::ClassPerl(_) => ranges(NAMED, flags),
        Ast::ClassUnicode(_) => UNKNOWN,
        Ast::ClassBracketed(class) => ranges(bracketed(class), flags),
        Ast::Group(group) => size(&group.ast, flags).saturating_add(3),
        Ast::Concat(concat) => sum(concat.asts.iter().map(|ast| size(ast, flags))),
        Ast::Alternation(of) => sum(of.asts.iter().map(|ast| size(ast, flags).saturating_add(1))).saturating_add(2),
        Ast::Repetition(repetition) => repeated(&repetition.op.kind, size(&repetition.ast, flags)),
    }
}

/// A state with this many ranges.
fn ranges(count: usize, flags: bool) -> usize {
    count.saturating_mul(if flags { 2 } else { 1 }).saturating_add(1)
}

fn bracketed(class: &ClassBracketed) -> usize {
    let own = match &class.kind {
        ClassSet::Item(item) => items(item),
        ClassSet::BinaryOp(_) => UNKNOWN,
    };
    own.saturating_add(usize::from(class.negated))
}

fn items(item: &ClassSetItem) -> usize {
    match item {
        ClassSetItem::Empty(_) => 0,
        ClassSetItem::Literal(_) | ClassSetItem::Range(_) => 1,
        ClassSetItem::Ascii(_) | ClassSetItem::Perl(_) => NAMED,
        ClassSetItem::Unicode(_) => UNKNOWN,
        ClassSetItem::Bracketed(class) => bracketed(class),
        ClassSetItem::Union(union) => sum(union.items.iter().map(items)),
    }
}

/// A repetition is written out: `a{2,4}` is `aaa?a?`. A branch is a state with two ways.
fn repeated(kind: &RepetitionKind, inner: usize) -> usize {
    let times = |count: u32, each: usize| usize::try_from(count).unwrap_or(UNKNOWN).saturating_mul(each);
    match kind {
        RepetitionKind::ZeroOrOne => inner.saturating_add(4),
        // `(a?)*` has two branches, and a state at its end.
        RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => inner.saturating_add(7),
        RepetitionKind::Range(RepetitionRange::Exactly(count)) => times(*count, inner).saturating_add(1),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => times((*least).max(1), inner).saturating_add(7),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => {
            times(*most, inner).saturating_add(times(most.saturating_sub(*least), 3)).saturating_add(1)
        }
    }
}

fn sum(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern_size(pattern: &str) -> Option<usize> {
        parse(pattern).map(|ast| super::pattern_size(&ast, pattern))
    }

    /// The bytes that the program of a state, a range or a branch takes at most, natively.
    const STATE: usize = 32;

    #[test]
    fn no_program_is_larger_than_its_size() {
        for pattern in [
            "",
            "a",
            "a|b|cd|",
            "(a)(?:b)(?<c>d)",
            "a*b+c?d*?",
            "(a?)*((b*)+|c*){3}",
            "[^a-z0-9_.-]{4}",
            "[[:punct:]]|[[:^word:]]",
            r"\w\W\d\D\s\S\b\B^$",
            "(?i)select[a-z]k.",
            "(?is:.)+(?-s:.)",
            "[A-Z]{2}[0-9A-Za-z]{20,120}-[0-9]{4}",
            "((a{2,4}){2,4}){2,4}",
            "a{0}b{0,}c{7,}",
        ] {
            let size = pattern_size(pattern).unwrap();
            // The names of groups are not part of the program.
            let bytes = size.saturating_mul(STATE).saturating_add(128);
            let built = regex_lite::RegexBuilder::new(pattern).size_limit(bytes).build();
            assert!(built.is_ok(), "{pattern} has size {size}");
        }
    }

    #[test]
    fn repetitions_count_as_they_are_written_out() {
        for (pattern, expected) in [("", 5), ("a", 6), ("[a-z0-9]", 7), ("^[1-9][0-9]*$", 17), ("a{100}", 205)] {
            assert_eq!(pattern_size(pattern), Some(expected), "{pattern}");
        }
        for pattern in ["(", "[a&&b]", r"\pL", r"((((\w{99}){99}){99}){99}){99}"] {
            assert!(pattern_size(pattern).is_none_or(|size| size > super::super::MAX_PATTERN_SIZE), "{pattern}");
        }
        assert_eq!(pattern_size(&format!("{}a{}", "(".repeat(99), ")".repeat(99))), None);
    }
}

//! Guards: conditions in CEL, checked and bounded before they run.

mod beside;
mod call;
mod conversion;
mod error;
mod form;
mod function;
mod literal;
mod operation;
mod pattern_size;
mod place;
mod reads;
mod scan;
mod table;
mod vocabulary;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cel::common::ast::IdedExpr;
pub use conversion::{CONVERSIONS, Conversion, FINITE};
pub(crate) use error::GuardError;
pub use error::{
    MAX_CHAIN, MAX_HOST, MAX_METHOD, MAX_NESTING, MAX_NODES, MAX_PATTERN_SIZE, MAX_REGEX, MAX_SOURCE, MAX_STEPS,
    MAX_TEXT,
};
pub use reads::Reads;
use regex_lite::Regex;
pub(crate) use vocabulary::Vocabulary;

use crate::code::Code;
use crate::report::quote;
use walk::Found;

/// A guard that has been parsed and checked: every operator and call is typed, the headers and parameters that it reads
/// are literals, there are no comprehensions, at most [`MAX_NODES`] nodes, and regular expressions only as literals of at
/// most [`MAX_REGEX`] bytes. It takes at most [`MAX_STEPS`] steps, whatever the request.
#[derive(Clone)]
pub struct Guard {
    source: Arc<str>,
    condition: Arc<IdedExpr>,
    reads: Arc<Reads>,
    patterns: Arc<BTreeMap<String, Regex>>,
}

impl Guard {
    /// Parses and checks a guard.
    ///
    /// # Errors
    /// All errors of the guard; at least one.
    pub(crate) fn compile(source: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<GuardError>> {
        // Before the parser, which recurses, and whose time is not always linear.
        scan::scan(source).map_err(|error| vec![error])?;
        // The parser goes on behind an error, and so could nest what `scan` has counted as siblings.
        let parser = cel::parser::Parser::new().error_recovery_limit(1);
        let (expression, places) =
            parser.parse_with_source_info(source).map_err(|errors| vec![syntax(source, &errors)])?;
        let Found { reads, patterns, doubles } = walk::walk(source, &expression, &places, vocabulary)?;
        let condition = Arc::new(conversion::with_checks(&expression, &doubles));
        Ok(Self { source: source.into(), condition, reads: Arc::new(reads), patterns: Arc::new(patterns) })
    }

    /// The guard as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parsed guard, to evaluate with `now`, `request`, `peer`, `instance` and `task` in its context, and with the
    /// functions `matches`, [`FINITE`] and [`Conversion::check`].
    pub fn condition(&self) -> &IdedExpr {
        &self.condition
    }

    /// The compiled regular expressions of its calls of `matches`, by pattern.
    pub fn patterns(&self) -> &Arc<BTreeMap<String, Regex>> {
        &self.patterns
    }

    /// The parts of a request that it reads.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }
}

/// The first error of the parser: later ones mostly follow from it.
fn syntax(source: &str, errors: &cel::ParseErrors) -> GuardError {
    let Some(first) = errors.errors.first() else {
        return GuardError::new(Code::GuardSyntax, None, "this guard is not CEL");
    };
    let line = usize::try_from(first.pos.0).unwrap_or_default().saturating_sub(1);
    let column = usize::try_from(first.pos.1).unwrap_or_default().saturating_sub(1);
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let within = source.get(before..).unwrap_or_default().char_indices().nth(column);
    let start = within.map_or(source.len(), |(at, _)| before.saturating_add(at));
    let end =
        source.get(start..).and_then(|rest| rest.chars().next()).map_or(start, |c| start.saturating_add(c.len_utf8()));
    GuardError::new(Code::GuardSyntax, Some(start..end), "this guard is not CEL").label(parser_message(&first.msg))
}

/// The parser's message, without its list of all tokens that it would accept, which is long and of no help.
fn parser_message(message: &str) -> String {
    match unexpected(message) {
        Some("<EOF>") => "the guard ends here, but it is not complete".to_owned(),
        Some(text) => format!("{} is not expected here", quote(text.trim_end())),
        None => message.split(" expecting ").next().unwrap_or_default().trim_start_matches("Syntax error: ").to_owned(),
    }
}

/// The token that the parser did not expect.
fn unexpected(message: &str) -> Option<&str> {
    let message = message.strip_prefix("Syntax error: ")?;
    let starts = ["mismatched input '", "extraneous input '", "no viable alternative at input '"];
    let rest = starts.iter().find_map(|start| message.strip_prefix(start))?;
    let text = rest.split("' expecting ").next().unwrap_or_default();
    Some(text.strip_suffix('\'').unwrap_or(text))
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({:?})", self.source)
    }
}

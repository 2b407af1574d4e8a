//! Guards: conditions in CEL, checked and bounded before they run.

mod beside;
mod call;
mod chosen;
mod condition;
mod conversion;
mod error;
mod form;
mod function;
mod known;
mod lexer;
mod literal;
mod operation;
mod outcomes;
mod parser;
mod pattern;
mod pattern_size;
mod quoted;
mod re2;
mod reads;
mod scalar;
mod syntax;
mod table;
mod test;
mod vocabulary;
mod walk;
mod zone;

use std::fmt;
use std::sync::Arc;

pub use condition::{Condition, Entry, Extent, TimeField, Variable};
pub use conversion::Conversion;
pub(crate) use error::GuardError;
pub use error::{
    MAX_CHAIN, MAX_HOST, MAX_METHOD, MAX_NESTING, MAX_NODES, MAX_PATTERN_SIZE, MAX_REGEX, MAX_SOURCE, MAX_STEPS,
    MAX_TEXT,
};
pub(crate) use known::{Known, Leaf, Nothing, Possible};
pub(crate) use lexer::joined_comment;
pub(crate) use outcomes::Outcomes;
pub use pattern::Pattern;
pub use reads::Reads;
pub use scalar::{Scalar, as_double, in_range, order, span_in_range};
pub use syntax::{Arithmetic, Comparison};
pub(crate) use vocabulary::Vocabulary;
use walk::Found;
pub use zone::{FIRST, LAST, Rules, Zone};

use crate::code::Code;

/// A guard that has been parsed and checked: every operator and call is typed, the headers and parameters that it reads
/// are literals, there are no comprehensions, at most [`MAX_NODES`] nodes, and regular expressions only as literals of at
/// most [`MAX_REGEX`] bytes. It takes at most [`MAX_STEPS`] steps, whatever the request.
#[derive(Clone)]
pub struct Guard {
    source: Arc<str>,
    condition: Arc<Condition>,
    reads: Arc<Reads>,
}

impl Guard {
    /// Parses and checks a guard.
    ///
    /// # Errors
    /// All errors of the guard; at least one.
    pub(crate) fn compile(source: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<GuardError>> {
        let guard = parser::parse(source).map_err(|error| vec![error])?;
        let Found { reads, patterns } = walk::walk(&guard, vocabulary)?;
        // A guard that has been checked has a condition.
        let incomplete = || vec![GuardError::of_whole(Code::GuardSyntax, "this guard cannot be evaluated")];
        let condition = condition::condition(&guard, &patterns).ok_or_else(incomplete)?;
        Ok(Self { source: source.into(), condition: Arc::new(condition), reads: Arc::new(reads) })
    }

    /// The guard as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The checked guard, to evaluate.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// The parts of a request that it reads.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }
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

//! Guards: conditions in CEL, bounded when they are read.

mod call;
mod function;
mod literal;
mod place;
mod scan;
mod vocabulary;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex_lite::Regex;
pub(crate) use vocabulary::Vocabulary;

use crate::code::Code;
use crate::report::quote;
use walk::Found;

/// A guard that has been parsed and found within bounds: no comprehension, at most
/// [`MAX_NODES`] nodes, regular expressions literal and at most [`MAX_REGEX`] bytes, only the
/// variables of the language. What it costs is therefore bounded by what it says.
#[derive(Clone)]
pub struct Guard {
    source: Arc<str>,
    program: Arc<cel::Program>,
    reads_instance: bool,
    patterns: Arc<BTreeMap<String, Regex>>,
}

/// Longest guard, in bytes.
pub const MAX_SOURCE: usize = 4_096;
/// Most nodes of a guard's syntax tree.
pub const MAX_NODES: usize = 512;
/// Longest regular expression in a guard, in bytes.
pub const MAX_REGEX: usize = 256;
/// Largest compiled regular expression, in bytes.
pub const MAX_REGEX_PROGRAM: usize = 256 << 10;
/// Deepest nesting of brackets, and most conditional operators.
pub const MAX_NESTING: usize = 8;
/// Longest chain of operators, selections and calls that depend on one another, brackets included.
pub const MAX_CHAIN: usize = 64;

/// Why a text is not a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuardError {
    pub(crate) code: Code,
    /// Where in the guard, in bytes; none: all of it.
    pub(crate) at: Option<Range<usize>>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl GuardError {
    fn new(code: Code, at: Option<Range<usize>>, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: String::new(), help: None }
    }

    fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Guard {
    /// Reads a guard.
    ///
    /// # Errors
    /// All that is wrong with it; at least one.
    pub(crate) fn compile(source: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<GuardError>> {
        // Before the parser sees it: the parser recurses, and some of its time is not linear.
        scan::scan(source).map_err(|error| vec![error])?;
        let program = cel::Program::compile(source).map_err(|errors| vec![syntax(source, &errors)])?;
        let Found { reads_instance, patterns } = walk::walk(source, &program, vocabulary)?;
        Ok(Self { source: source.into(), program: Arc::new(program), reads_instance, patterns: Arc::new(patterns) })
    }

    /// The guard as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parsed program, to run with `now`, `request`, `peer`, `instance` and `task` in its context.
    pub fn program(&self) -> &cel::Program {
        &self.program
    }

    /// The regular expressions of its calls of `matches`, compiled; to run it, `matches` looks them up here.
    pub fn patterns(&self) -> &Arc<BTreeMap<String, Regex>> {
        &self.patterns
    }

    /// Whether it reads `instance`, which there is not at level `identity`.
    pub fn reads_instance(&self) -> bool {
        self.reads_instance
    }
}

/// The first error of the parser: those after it are mostly its echo.
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
    let error = GuardError::new(Code::GuardSyntax, Some(start..end), "this guard is not CEL").label(said(&first.msg));
    if found(&first.msg).is_some_and(|text| text.trim_end() == "=") { error.help("compare with `==`") } else { error }
}

/// What the parser says, without the list of all tokens that could stand there, which helps nobody.
fn said(message: &str) -> String {
    match found(message) {
        Some("<EOF>") => "the guard ends here, but more is expected".to_owned(),
        Some(text) if text.starts_with(['"', '\'']) => "a text that does not end".to_owned(),
        Some(text) => format!("{} is not expected here", quote(text.trim_end())),
        None => message.split(" expecting ").next().unwrap_or_default().trim_start_matches("Syntax error: ").to_owned(),
    }
}

/// What stands where the parser expected something else.
fn found(message: &str) -> Option<&str> {
    let message = message.strip_prefix("Syntax error: ")?;
    let starts = [
        "mismatched input '",
        "extraneous input '",
        "token recognition error at: '",
        "no viable alternative at input '",
    ];
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

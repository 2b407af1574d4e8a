//! A walk over a guard's syntax tree: the names that it reads, the functions that it calls, the type of each part, and how
//! many steps it takes at most.
//!
//! The depth of the recursion is bounded by the parser.

use std::ops::Range;

use super::form::{literal, table};
use super::pattern::Pattern;
use super::reads::Reads;
use super::syntax::{Kind, Node};
use super::vocabulary::{Type, VARIABLES, Value, Vocabulary, is_record};
use super::{GuardError, MAX_NODES, MAX_STEPS};
use crate::code::Code;
use crate::report::{Report, listed, quote};
use crate::sorted::SortedMap;

/// The results for a guard without errors.
#[derive(Default)]
pub(super) struct Found {
    /// The parts of a request that it reads.
    pub(super) reads: Reads,
    /// Its regular expressions.
    pub(super) patterns: SortedMap<String, Pattern>,
}

/// Checks a guard: the results, or all its errors.
pub(super) fn walk(guard: &Node, vocabulary: &Vocabulary) -> Result<Found, Vec<GuardError>> {
    let (found, errors, names) = (Found::default(), Vec::new(), Report::new());
    let mut walk = Walk { vocabulary, nodes: 0, steps: 0, found, errors, names };
    walk.condition(guard);
    if walk.nodes > MAX_NODES {
        let label = words!("it has more than {MAX_NODES} nodes");
        walk.errors = vec![GuardError::of_whole(Code::GuardBound, "this guard is too large").label(label)];
    }
    if walk.errors.is_empty() { Ok(walk.found) } else { Err(walk.errors) }
}

/// The state of a walk.
pub(super) struct Walk<'w> {
    pub(super) vocabulary: &'w Vocabulary,
    pub(super) nodes: usize,
    steps: usize,
    pub(super) found: Found,
    pub(super) errors: Vec<GuardError>,
    /// Used for its bounded search of the nearest name.
    pub(super) names: Report,
}

impl Walk<'_> {
    /// Checks an expression that must be a condition.
    pub(super) fn condition(&mut self, node: &Node) {
        let of = self.value(node).of;
        if !of.is_one_of(&[Type::Bool]) {
            let error = GuardError::new(Code::GuardValue, &node.whole, "this is not a condition");
            self.errors.push(error.label(words!("this is {}, not a bool", of.type_name())));
        }
    }

    pub(super) fn value(&mut self, node: &Node) -> Value {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_NODES {
            return Value::UNKNOWN;
        }
        let (message, label) = match &node.kind {
            Kind::Name(name) => return self.variable(name, node),
            Kind::Select { of, field, test } => {
                let found = self.member(of, field, &node.at);
                return if *test { Value::plain(Type::Bool) } else { found };
            }
            Kind::Index { of, key } => return self.index(of, key),
            Kind::Call { name, target, arguments } => return self.call(name, target.as_deref(), arguments, node),
            Kind::Operation(operator, operands) => return self.operation(*operator, operands, node),
            Kind::Literal(of) => match literal(of) {
                Some(value) => return value,
                None => {
                    ("guards have no literals of this type", "only strings, numbers without `u`, `true` and `false`")
                }
            },
            Kind::List(_) => (
                "a list can only be on the right of `in`",
                "write `x in [\"a\", \"b\"]`, or compare its values one by one",
            ),
        };
        self.errors.push(GuardError::new(Code::GuardValue, &node.at, message).label(label));
        Value::UNKNOWN
    }

    /// Counts the steps that a part takes at most.
    pub(super) fn spend(&mut self, steps: usize, at: &Node) {
        self.spend_at(steps, &at.whole);
    }

    /// The same at a place.
    pub(super) fn spend_at(&mut self, steps: usize, at: &Range<usize>) {
        let before = self.steps;
        self.steps = before.saturating_add(steps);
        if before <= MAX_STEPS && self.steps > MAX_STEPS {
            let error = GuardError::new(Code::GuardBound, at, "this guard takes too long on long texts");
            let label = words!("{steps} steps here, {before} before; at most {MAX_STEPS} in a guard");
            let help = "a pattern takes its size times the longest text that it is given: use a smaller one, with fewer \
                        or shorter repetitions, or compare without a pattern";
            self.errors.push(error.label(label).help(help));
        }
    }

    fn variable(&mut self, name: &str, node: &Node) -> Value {
        if name == "now" {
            return Value::plain(Type::Time);
        }
        let (message, label, help) = if is_record(name) {
            let fields = listed(self.vocabulary.fields(name), 12, "and");
            (words!("`{name}` cannot be read as a whole"), "read one of its fields", words!("its fields are {fields}"))
        } else {
            let near = self.names.did_you_mean(name, VARIABLES);
            let all = || words!("the variables are {}", listed(VARIABLES, 5, "and"));
            (words!("guards have no variable {}", quote(name)), "unknown name", near.unwrap_or_else(all))
        };
        self.errors.push(GuardError::new(Code::GuardName, &node.at, message).label(label).help(help));
        Value::UNKNOWN
    }

    /// The value `operand.field`, or `operand["field"]`.
    pub(super) fn member(&mut self, operand: &Node, field: &str, at: &Range<usize>) -> Value {
        if let Some(table) = table(operand) {
            return self.entry(table, field, at);
        }
        if let Kind::Name(record) = &operand.kind
            && is_record(record)
        {
            self.nodes = self.nodes.saturating_add(1);
            let reads = &mut self.found.reads;
            match (record.as_str(), field) {
                ("instance", _) => reads.instance = true,
                ("request", "method") => reads.method = true,
                ("request", "path") => reads.path = true,
                ("request", "host") => reads.host = true,
                _ => {}
            }
            return match self.vocabulary.field(record, field) {
                Some(of) => self.field(of, field, at),
                None => {
                    let message = words!("`{record}` has no {}", quote(field));
                    self.unknown(&message, field, self.vocabulary.fields(record), at)
                }
            };
        }
        let of = self.value(operand).of;
        if of != Type::Unknown {
            let error = GuardError::new(Code::GuardName, at, words!("{} has no fields", of.type_name()));
            self.errors.push(error.label("only variables and maps have fields"));
        }
        Value::UNKNOWN
    }

    pub(super) fn unknown(&mut self, message: &str, name: &str, known: Vec<&str>, at: &Range<usize>) -> Value {
        let near = self.names.did_you_mean(name, known.iter().copied());
        let all = (!known.is_empty()).then(|| words!("known names are {}", listed(known, 12, "and")));
        let mut error = GuardError::new(Code::GuardName, at, message).label("unknown name");
        error.help = near.or(all);
        self.errors.push(error);
        Value::UNKNOWN
    }
}

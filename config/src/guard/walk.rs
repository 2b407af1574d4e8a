//! A walk over a guard's syntax tree: what it reads, what it calls, and whether it is a condition.
//!
//! The recursion is bounded by what `scan` let through.

use std::collections::BTreeMap;
use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use regex_lite::Regex;

use super::vocabulary::{Type, VARIABLES, Vocabulary, is_record};
use super::{GuardError, MAX_NODES};
use crate::code::Code;
use crate::report::{Report, listed, quote};

/// What a walk finds out about a guard that is in order.
pub(super) struct Found {
    /// Whether it reads `instance`.
    pub(super) reads_instance: bool,
    /// Its regular expressions.
    pub(super) patterns: BTreeMap<String, Regex>,
}

/// What the guard reads and matches; or all that is wrong with it.
pub(super) fn walk(source: &str, program: &cel::Program, vocabulary: &Vocabulary) -> Result<Found, Vec<GuardError>> {
    let found = Found { reads_instance: false, patterns: BTreeMap::new() };
    let mut walk = Walk { source, program, vocabulary, nodes: 0, found, errors: Vec::new(), names: Report::new() };
    walk.condition(program.expression());
    if walk.nodes > MAX_NODES {
        let label = format!("{} nodes, at most {MAX_NODES} are allowed", walk.nodes);
        walk.errors = vec![GuardError::new(Code::GuardBound, None, "this guard is too large").label(label)];
    }
    if walk.errors.is_empty() { Ok(walk.found) } else { Err(walk.errors) }
}

/// What is known of a guard on the way through it.
pub(super) struct Walk<'w> {
    pub(super) source: &'w str,
    pub(super) program: &'w cel::Program,
    vocabulary: &'w Vocabulary,
    pub(super) nodes: usize,
    pub(super) found: Found,
    pub(super) errors: Vec<GuardError>,
    /// For its search of the nearest name, within its bound.
    pub(super) names: Report,
}

impl Walk<'_> {
    /// An expression that must be true or false.
    pub(super) fn condition(&mut self, node: &IdedExpr) {
        let of = self.value(node);
        if !of.may_be(&[Type::Bool]) {
            let error = GuardError::new(Code::GuardValue, self.whole(node), "this is not a condition");
            self.errors.push(error.label(format!("this is {}, never true or false", of.type_name())));
        }
    }

    pub(super) fn value(&mut self, node: &IdedExpr) -> Type {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_NODES {
            return Type::Any;
        }
        match &node.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.variable(name, node),
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call, node),
            Expr::List(list) => {
                self.values(&list.elements);
                Type::List
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.value(&entry.key);
                        self.value(&entry.value);
                    }
                }
                Type::Map
            }
            Expr::Comprehension(_) => {
                self.fail(
                    Code::GuardFunction,
                    node,
                    "a guard has no loops",
                    "`all`, `exists`, `exists_one`, `map` and `filter` are left out",
                );
                Type::Any
            }
            Expr::Struct(_) => {
                self.fail(Code::GuardFunction, node, "a guard makes no messages", "only lists and maps");
                Type::Any
            }
            Expr::Unspecified => {
                self.fail(Code::GuardSyntax, node, "this guard is not CEL", "nothing is said here");
                Type::Any
            }
        }
    }

    pub(super) fn values(&mut self, nodes: &[IdedExpr]) {
        for node in nodes {
            self.value(node);
        }
    }

    fn variable(&mut self, name: &str, node: &IdedExpr) -> Type {
        if name == "now" {
            return Type::Time;
        }
        if is_record(name) {
            let fields = listed(self.vocabulary.fields(name), 12, "and");
            let error = GuardError::new(Code::GuardName, self.place(node), format!("`{name}` is read by its fields"));
            self.errors.push(error.label("not a value by itself").help(format!("it has {fields}")));
            return Type::Any;
        }
        let near = self.names.did_you_mean(name, VARIABLES);
        let all = format!("a guard reads {}", listed(VARIABLES, 5, "and"));
        let error = GuardError::new(Code::GuardName, self.place(node), format!("a guard knows no {}", quote(name)));
        self.errors.push(error.label("unknown name").help(near.unwrap_or(all)));
        Type::Any
    }

    fn select(&mut self, select: &SelectExpr, node: &IdedExpr) -> Type {
        let at = self.field_place(select, node);
        let found = self.member(&select.operand, &select.field, at);
        if select.test { Type::Bool } else { found }
    }

    /// The type of `operand.field`, or of `operand["field"]`.
    pub(super) fn member(&mut self, operand: &IdedExpr, field: &str, at: Option<Range<usize>>) -> Type {
        if let Expr::Ident(record) = &operand.expr
            && is_record(record)
        {
            self.nodes = self.nodes.saturating_add(1);
            self.found.reads_instance |= record == "instance";
            return match self.vocabulary.field(record, field) {
                Some(of) => of,
                None => self.unknown(
                    &format!("`{record}` has no {}", quote(field)),
                    field,
                    self.vocabulary.fields(record),
                    at,
                ),
            };
        }
        match table(operand) {
            Some(Table::Headers) => {
                self.nodes = self.nodes.saturating_add(2);
                // The gate gives headers by their lower-case names: another would never be found.
                let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
                if field.is_empty() || !field.bytes().all(lower) {
                    let error =
                        GuardError::new(Code::GuardName, at, format!("{} is not a header's name", quote(field)));
                    self.errors.push(error.label("lower case, such as `x-tier`; no pseudo-headers"));
                }
                Type::Text
            }
            Some(Table::Attributes) => {
                self.nodes = self.nodes.saturating_add(2);
                let known = self.vocabulary.attributes().collect();
                match self.vocabulary.attribute(field) {
                    Some(of) => of,
                    None => self.unknown(&format!("no actor has the attribute {}", quote(field)), field, known, at),
                }
            }
            None => {
                let of = self.value(operand);
                if !of.may_be(&[Type::Map]) {
                    let error = GuardError::new(Code::GuardName, at, format!("{} has no fields", of.type_name()));
                    self.errors.push(error.label("nothing to read here"));
                }
                Type::Any
            }
        }
    }

    fn unknown(&mut self, message: &str, given: &str, known: Vec<&str>, at: Option<Range<usize>>) -> Type {
        let near = self.names.did_you_mean(given, known.iter().copied());
        let all = (!known.is_empty()).then(|| format!("known are {}", listed(known, 12, "and")));
        let mut error = GuardError::new(Code::GuardName, at, message).label("unknown name");
        error.help = near.or(all);
        self.errors.push(error);
        Type::Any
    }

    fn fail(&mut self, code: Code, node: &IdedExpr, message: &str, label: &str) {
        self.errors.push(GuardError::new(code, self.place(node), message).label(label));
    }
}

/// A map of the language whose keys are names.
pub(super) enum Table {
    Headers,
    Attributes,
}

/// Which of these maps an expression is.
pub(super) fn table(node: &IdedExpr) -> Option<Table> {
    let Expr::Select(select) = &node.expr else { return None };
    let Expr::Ident(record) = &select.operand.expr else { return None };
    match (record.as_str(), select.field.as_str(), select.test) {
        ("request", "headers", false) => Some(Table::Headers),
        ("peer", "attributes", false) => Some(Table::Attributes),
        _ => None,
    }
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Number,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Bytes(_) | LiteralValue::Null => Type::Any,
    }
}

//! A walk over a guard's syntax tree: the names that it reads, the functions that it calls, and whether it is a condition.
//!
//! The depth of the recursion is bounded by `scan`.

use std::collections::BTreeMap;
use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use regex_lite::Regex;

use super::vocabulary::{Type, VARIABLES, Vocabulary, is_record};
use super::{GuardError, MAX_NODES};
use crate::code::Code;
use crate::report::{Report, listed, quote};

/// The results for a guard without errors.
pub(super) struct Found {
    /// Whether it reads `instance`.
    pub(super) reads_instance: bool,
    /// Its regular expressions.
    pub(super) patterns: BTreeMap<String, Regex>,
}

/// Checks a guard: the results, or all its errors.
pub(super) fn walk(source: &str, program: &cel::Program, vocabulary: &Vocabulary) -> Result<Found, Vec<GuardError>> {
    let found = Found { reads_instance: false, patterns: BTreeMap::new() };
    let mut walk = Walk { source, program, vocabulary, nodes: 0, found, errors: Vec::new(), names: Report::new() };
    walk.condition(program.expression());
    if walk.nodes > MAX_NODES {
        let label = format!("it has more than {MAX_NODES} nodes");
        walk.errors = vec![GuardError::new(Code::GuardBound, None, "this guard is too large").label(label)];
    }
    if walk.errors.is_empty() { Ok(walk.found) } else { Err(walk.errors) }
}

/// The state of a walk.
pub(super) struct Walk<'w> {
    pub(super) source: &'w str,
    pub(super) program: &'w cel::Program,
    vocabulary: &'w Vocabulary,
    pub(super) nodes: usize,
    pub(super) found: Found,
    pub(super) errors: Vec<GuardError>,
    /// Used for its bounded search of the nearest name.
    pub(super) names: Report,
}

impl Walk<'_> {
    /// Checks an expression that must be a condition.
    pub(super) fn condition(&mut self, node: &IdedExpr) {
        let of = self.value(node);
        if !of.may_be(&[Type::Bool]) {
            let error = GuardError::new(Code::GuardValue, self.whole(node), "this is not a condition");
            self.errors.push(error.label(format!("this is {}, not a bool", of.type_name())));
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
                self.reject(
                    Code::GuardFunction,
                    node,
                    "guards have no loops",
                    "`all`, `exists`, `exists_one`, `map` and `filter` are not part of the language",
                );
                Type::Any
            }
            Expr::Struct(_) => {
                self.reject(Code::GuardFunction, node, "guards have no message literals", "only list and map literals");
                Type::Any
            }
            Expr::Unspecified => {
                self.reject(Code::GuardSyntax, node, "this guard is not CEL", "this expression is empty");
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
            let error =
                GuardError::new(Code::GuardName, self.place(node), format!("`{name}` cannot be read as a whole"));
            self.errors.push(error.label("read one of its fields").help(format!("its fields are {fields}")));
            return Type::Any;
        }
        let near = self.names.did_you_mean(name, VARIABLES);
        let all = format!("the variables are {}", listed(VARIABLES, 5, "and"));
        let error =
            GuardError::new(Code::GuardName, self.place(node), format!("guards have no variable {}", quote(name)));
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
                // Gates look headers up by their lower-case names: another name would never be found.
                let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
                if field.is_empty() || !field.bytes().all(lower) {
                    let error = GuardError::new(Code::GuardName, at, format!("{} is not a header name", quote(field)));
                    self.errors.push(
                        error.label("header names are lower case, such as `x-tier`; pseudo-headers cannot be read"),
                    );
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
                    self.errors.push(error.label("only a map has fields"));
                }
                Type::Any
            }
        }
    }

    fn unknown(&mut self, message: &str, name: &str, known: Vec<&str>, at: Option<Range<usize>>) -> Type {
        let near = self.names.did_you_mean(name, known.iter().copied());
        let all = (!known.is_empty()).then(|| format!("known names are {}", listed(known, 12, "and")));
        let mut error = GuardError::new(Code::GuardName, at, message).label("unknown name");
        error.help = near.or(all);
        self.errors.push(error);
        Type::Any
    }

    fn reject(&mut self, code: Code, node: &IdedExpr, message: &str, label: &str) {
        self.errors.push(GuardError::new(code, self.place(node), message).label(label));
    }
}

/// A map of the language whose keys are names.
pub(super) enum Table {
    Headers,
    Attributes,
}

/// The map that an expression is, if it is one of these.
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

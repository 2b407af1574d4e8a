//! A walk over a guard's syntax tree: what it reads, what it calls, and whether it is a condition.
//!
//! The recursion is bounded by what `scan` let through.

use std::ops::Range;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::function::{Argument, FUNCTIONS, Function, Operator, operator};
use super::vocabulary::{Type, VARIABLES, Vocabulary, is_record};
use super::{GuardError, MAX_NODES, literal};
use crate::code::Code;
use crate::report::{Report, listed, quote};

/// Whether the guard reads `instance`; or all that is wrong with it.
pub(super) fn walk(source: &str, program: &cel::Program, vocabulary: &Vocabulary) -> Result<bool, Vec<GuardError>> {
    let mut walk =
        Walk { source, program, vocabulary, nodes: 0, reads_instance: false, errors: Vec::new(), names: Report::new() };
    walk.condition(program.expression());
    if walk.nodes > MAX_NODES {
        let label = format!("{} nodes, at most {MAX_NODES} are allowed", walk.nodes);
        walk.errors = vec![GuardError::new(Code::GuardBound, None, "this guard is too large").label(label)];
    }
    if walk.errors.is_empty() { Ok(walk.reads_instance) } else { Err(walk.errors) }
}

struct Walk<'w> {
    source: &'w str,
    program: &'w cel::Program,
    vocabulary: &'w Vocabulary,
    nodes: usize,
    reads_instance: bool,
    errors: Vec<GuardError>,
    /// For its search of the nearest name, within its bound.
    names: Report,
}

impl Walk<'_> {
    /// An expression that must be true or false.
    fn condition(&mut self, node: &IdedExpr) {
        match self.value(node) {
            Type::Bool | Type::Any => {}
            of => {
                let at = self.whole(node);
                let error = GuardError::new(Code::GuardValue, at, "this is not a condition");
                self.errors.push(error.label(format!("this is {}, never true or false", of.what())));
            }
        }
    }

    fn value(&mut self, node: &IdedExpr) -> Type {
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
                self.fail(Code::GuardFunction, node, "a guard has no loops", "`all`, `exists`, `exists_one`, `map` and `filter` are left out");
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

    fn values(&mut self, nodes: &[IdedExpr]) {
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
    fn member(&mut self, operand: &IdedExpr, field: &str, at: Option<Range<usize>>) -> Type {
        if let Expr::Ident(record) = &operand.expr
            && is_record(record)
        {
            self.nodes = self.nodes.saturating_add(1);
            self.reads_instance |= record == "instance";
            return match self.vocabulary.field(record, field) {
                Some(of) => of,
                None => self.unknown(&format!("`{record}` has no {}", quote(field)), field, self.vocabulary.fields(record), at),
            };
        }
        match table(operand) {
            Some(Table::Headers) => {
                self.nodes = self.nodes.saturating_add(2);
                // The gate gives headers by their lower-case names: another would never be found.
                let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
                if field.is_empty() || !field.bytes().all(lower) {
                    let error = GuardError::new(Code::GuardName, at, format!("{} is not a header's name", quote(field)));
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
            None => match self.value(operand) {
                Type::Map | Type::Any => Type::Any,
                of => {
                    let error = GuardError::new(Code::GuardName, at, format!("{} has no fields", of.what()));
                    self.errors.push(error.label("nothing to read here"));
                    Type::Any
                }
            },
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

    fn call(&mut self, call: &CallExpr, node: &IdedExpr) -> Type {
        match operator(&call.func_name) {
            Some(operator) if call.target.is_none() => self.operation(operator, &call.args, node),
            _ => self.function(call, node),
        }
    }

    fn operation(&mut self, operator: Operator, operands: &[IdedExpr], node: &IdedExpr) -> Type {
        match (operator, operands) {
            (Operator::Logic, operands) => {
                operands.iter().for_each(|operand| self.condition(operand));
                Type::Bool
            }
            (Operator::Comparison, [a, b]) => {
                let (left, right) = (self.value(a), self.value(b));
                if left != right && left != Type::Any && right != Type::Any {
                    let label = format!("{} on the left, {} on the right", left.what(), right.what());
                    let error = GuardError::new(Code::GuardValue, self.place(node), "these two cannot be compared");
                    self.errors.push(error.label(label));
                }
                Type::Bool
            }
            (Operator::Membership, [element, within]) => {
                self.value(element);
                match self.value(within) {
                    Type::List | Type::Map | Type::Any => {}
                    of => {
                        let error = GuardError::new(Code::GuardValue, self.whole(within), "`in` wants a list or a map");
                        self.errors.push(error.label(format!("this is {}", of.what())));
                    }
                }
                Type::Bool
            }
            (Operator::Conditional, [condition, yes, no]) => {
                self.condition(condition);
                let (yes, no) = (self.value(yes), self.value(no));
                if yes == no { yes } else { Type::Any }
            }
            (Operator::Index, [of, key]) => self.index(of, key),
            (Operator::Arithmetic, operands) => {
                // `+` also joins texts and lists, and moves timestamps by durations.
                let types: Vec<Type> = operands.iter().map(|operand| self.value(operand)).collect();
                let first = types.first().copied().unwrap_or(Type::Any);
                if types.iter().all(|of| *of == first) && first != Type::Time { first } else { Type::Any }
            }
            (Operator::Comparison | Operator::Membership | Operator::Conditional | Operator::Index, operands) => {
                self.values(operands);
                Type::Any
            }
        }
    }

    fn index(&mut self, of: &IdedExpr, key: &IdedExpr) -> Type {
        let record = matches!(&of.expr, Expr::Ident(name) if is_record(name));
        if let Expr::Literal(LiteralValue::String(name)) = &key.expr {
            self.nodes = self.nodes.saturating_add(1);
            return self.member(of, name.inner(), self.place(key));
        }
        if record || table(of).is_some() {
            let error = GuardError::new(Code::GuardName, self.whole(key), "what a guard reads is named by a literal");
            self.errors.push(error.label("not a literal text").help("such as `request.headers[\"x-tier\"]`"));
            return Type::Any;
        }
        self.value(of);
        self.value(key);
        Type::Any
    }

    fn function(&mut self, call: &CallExpr, node: &IdedExpr) -> Type {
        let name = call.func_name.as_str();
        let on = call.target.as_ref().map(|target| self.value(target));
        let known = FUNCTIONS.iter().find(|function| function.name == name && function.on.is_some() == on.is_some());
        let Some(function) = known else {
            self.no_function(name, on.is_some(), node);
            return Type::Any;
        };
        if let (Some(wanted), Some(given)) = (function.on, on) {
            self.expect(wanted, given, name, node);
        }
        self.arguments(function, &call.args, node);
        function.gives
    }

    fn no_function(&mut self, name: &str, on: bool, node: &IdedExpr) {
        let other = FUNCTIONS.iter().find(|function| function.name == name);
        let near = self.names.did_you_mean(name, FUNCTIONS.iter().map(|function| function.name));
        let mut names: Vec<&str> = FUNCTIONS.iter().filter(|f| f.on.is_some() == on).map(|function| function.name).collect();
        names.dedup();
        let help = match (other, near) {
            (Some(_), _) if on => format!("write `{name}(x)`"),
            (Some(_), _) => format!("write `x.{name}()`"),
            (None, Some(near)) => near,
            (None, None) => format!("known are {}", listed(names, 24, "and")),
        };
        let at = self.name_before(name, node);
        let error = GuardError::new(Code::GuardFunction, at, format!("a guard has no function {}", quote(name)));
        self.errors.push(error.label("unknown function").help(help));
    }

    fn arguments(&mut self, function: &Function, given: &[IdedExpr], node: &IdedExpr) {
        let most = function.arguments.len();
        let least = function.arguments.iter().filter(|argument| **argument != Argument::Zone).count();
        if !(least..=most).contains(&given.len()) {
            let count = if least == most { least.to_string() } else { format!("{least} or {most}") };
            let error = GuardError::new(
                Code::GuardFunction,
                self.name_before(function.name, node),
                format!("`{}` has {} arguments here", function.name, given.len()),
            );
            self.errors.push(error.label(format!("it takes {count}")));
        }
        for (wanted, argument) in function.arguments.iter().zip(given) {
            let of = self.value(argument);
            let wrong = match wanted {
                Argument::Of(wanted) => {
                    self.expect(*wanted, of, function.name, argument);
                    Ok(())
                }
                Argument::Regex => text(argument).ok_or_else(|| "a pattern is a literal text".to_owned()).and_then(literal::regex),
                Argument::Zone => text(argument).ok_or_else(|| "a zone is a literal text".to_owned()).and_then(literal::zone),
            };
            if let Err(label) = wrong {
                let (code, message) = match wanted {
                    Argument::Zone => (Code::GuardValue, "no such time zone"),
                    Argument::Regex | Argument::Of(_) => (Code::GuardValue, "this pattern cannot be used"),
                };
                let mut error = GuardError::new(code, self.whole(argument), message).label(label);
                if *wanted == Argument::Zone {
                    let near = text(argument).and_then(|zone| self.names.did_you_mean(zone, literal::zones()));
                    let form = "an IANA name such as `Europe/Paris`, or an offset such as `+02:00`";
                    error.help = Some(near.unwrap_or_else(|| form.to_owned()));
                }
                self.errors.push(error);
            }
        }
    }

    fn expect(&mut self, wanted: Type, given: Type, function: &str, node: &IdedExpr) {
        if wanted != given && wanted != Type::Any && given != Type::Any {
            let error = GuardError::new(Code::GuardValue, self.place(node), format!("`{function}` wants {}", wanted.what()));
            self.errors.push(error.label(format!("this is {}", given.what())));
        }
    }

    fn fail(&mut self, code: Code, node: &IdedExpr, message: &str, label: &str) {
        self.errors.push(GuardError::new(code, self.place(node), message).label(label));
    }

    /// Where the node's own token stands: an identifier, a literal, an operator, or a call's bracket.
    fn place(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let (start, last) = self.program.source_info().offset_for(node.id)?;
        let start = usize::try_from(start).ok()?;
        let end = usize::try_from(last).ok()?.saturating_add(1).min(self.source.len());
        (self.source.is_char_boundary(start) && self.source.is_char_boundary(end) && start <= end).then_some(start..end)
    }

    /// Where all of an expression stands, as far as its outermost parts show it.
    fn whole(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let own = self.place(node)?;
        let (first, last) = match &node.expr {
            Expr::Select(select) => (self.whole(&select.operand), self.field_place(select, node)),
            Expr::Call(call) => {
                let first = call.target.as_deref().or_else(|| call.args.first().filter(|_| call.args.len() > 1));
                (first.and_then(|first| self.whole(first)), call.args.last().and_then(|last| self.whole(last)))
            }
            Expr::Literal(_) | Expr::Ident(_) | Expr::List(_) | Expr::Map(_) => (None, None),
            Expr::Comprehension(_) | Expr::Struct(_) | Expr::Unspecified => (None, None),
        };
        let start = first.map_or(own.start, |first| first.start.min(own.start));
        Some(start..last.map_or(own.end, |last| last.end.max(own.end)))
    }

    /// Where a selected field's name stands: after the dot, or within the brackets of `has`.
    fn field_place(&self, select: &SelectExpr, node: &IdedExpr) -> Option<Range<usize>> {
        let own = self.place(node)?;
        let from = match select.test {
            true => self.whole(&select.operand)?.end,
            false => own.start,
        };
        let at = self.source.get(from..)?.find(&select.field)?.saturating_add(from);
        Some(at..at.saturating_add(select.field.len()))
    }

    /// Where the name of a called function stands: before its bracket.
    fn name_before(&self, name: &str, node: &IdedExpr) -> Option<Range<usize>> {
        let own = self.place(node)?;
        let at = self.source.get(..own.start).and_then(|before| before.rfind(name));
        at.map_or(Some(own), |at| Some(at..at.saturating_add(name.len())))
    }
}

/// A map of the language whose keys are names.
enum Table {
    Headers,
    Attributes,
}

fn table(node: &IdedExpr) -> Option<Table> {
    let Expr::Select(select) = &node.expr else { return None };
    let Expr::Ident(record) = &select.operand.expr else { return None };
    match (record.as_str(), select.field.as_str(), select.test) {
        ("request", "headers", false) => Some(Table::Headers),
        ("peer", "attributes", false) => Some(Table::Attributes),
        _ => None,
    }
}

fn text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
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

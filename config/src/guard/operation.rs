//! The operators of a guard, and the types of their operands.

use cel::common::ast::{CallExpr, Expr, IdedExpr};

use super::GuardError;
use super::beside::Extent;
use super::form::{table, text};
use super::vocabulary::{Type, Value, is_record};
use super::walk::Walk;
use crate::code::Code;

impl Walk<'_> {
    /// The value of an operator; none if the call is not one.
    pub(super) fn operation(&mut self, call: &CallExpr, node: &IdedExpr) -> Option<Value> {
        if call.target.is_some() {
            return None;
        }
        Some(match (call.func_name.as_str(), call.args.as_slice()) {
            ("_&&_" | "_||_" | "!_", operands) => {
                operands.iter().for_each(|operand| self.condition(operand));
                Value::plain(Type::Bool)
            }
            ("_==_" | "_!=_", [a, b]) => self.comparison(a, b, false, node),
            ("_<_" | "_<=_" | "_>_" | "_>=_", [a, b]) => self.comparison(a, b, true, node),
            ("@in", [element, within]) => self.membership(element, within),
            ("_?_:_", [condition, yes, no]) => self.conditional(condition, yes, no, node),
            ("_[_]", [of, key]) => self.index(of, key),
            ("_+_" | "_-_" | "_*_" | "_/_" | "_%_", [a, b]) => self.arithmetic(&call.func_name, a, b, node),
            ("-_", [operand]) => {
                let of = self.value(operand).of;
                if !of.is_one_of(&[Type::Int, Type::Double]) {
                    self.no_operator(&format!("`-` of {}", of.type_name()), node);
                }
                Value::plain(of)
            }
            _ => return None,
        })
    }

    fn comparison(&mut self, a: &IdedExpr, b: &IdedExpr, ordered: bool, node: &IdedExpr) -> Value {
        let (left, right) = (self.value(a), self.value(b));
        if !left.of.compares_with(right.of) {
            let label = format!("{} on the left, {} on the right", left.of.type_name(), right.of.type_name());
            let error = GuardError::new(Code::GuardValue, self.place(node), "values of these types cannot be compared");
            self.errors.push(error.label(label));
        } else if ordered && left.of == Type::Bool {
            self.no_operator("order of bools", node);
        }
        self.beside_each_other(a, b);
        self.spend(left.longest.min(right.longest), node);
        Value::plain(Type::Bool)
    }

    /// A name in a map of the language, or a value in a list of values of its type.
    fn membership(&mut self, element: &IdedExpr, within: &IdedExpr) -> Value {
        if let Some(table) = table(within) {
            match text(element) {
                Some(name) => self.entry(table, name, self.place(element)),
                None => self.name_required(element),
            };
            return Value::plain(Type::Bool);
        }
        let left = self.value(element);
        if let Expr::List(list) = &within.expr
            && list.optional_indices.is_empty()
        {
            self.nodes = self.nodes.saturating_add(1);
            for item in &list.elements {
                let right = self.value(item);
                if !left.of.compares_with(right.of) {
                    let label = format!("this is {}, not {}", right.of.type_name(), left.of.type_name());
                    let message = "this list has a value of another type than the one on the left of `in`";
                    self.errors.push(GuardError::new(Code::GuardValue, self.whole(item), message).label(label));
                }
                self.beside(element, item, Extent::Whole);
                self.spend(left.longest.min(right.longest), item);
            }
            return Value::plain(Type::Bool);
        }
        let of = self.value(within).of;
        if of != Type::Unknown {
            let message = "`in` requires a list in brackets, or a map of the request or peer, on its right";
            let error = GuardError::new(Code::GuardValue, self.whole(within), message);
            self.errors.push(error.label(format!("this is {}", of.type_name())));
        }
        Value::plain(Type::Bool)
    }

    fn conditional(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr, node: &IdedExpr) -> Value {
        self.condition(condition);
        let (yes, no) = (self.value(yes), self.value(no));
        if !yes.of.is_one_of(&[no.of]) {
            let what = format!("`?` with {} and {}", yes.of.type_name(), no.of.type_name());
            self.no_operator(&what, node);
            return Value::UNKNOWN;
        }
        Value { of: yes.of, longest: yes.longest.max(no.longest) }
    }

    fn index(&mut self, of: &IdedExpr, key: &IdedExpr) -> Value {
        if let Some(name) = text(key) {
            self.nodes = self.nodes.saturating_add(1);
            return self.member(of, name, self.place(key));
        }
        let record = matches!(&of.expr, Expr::Ident(name) if is_record(name));
        if record || table(of).is_some() {
            return self.name_required(key);
        }
        let of = self.value(of).of;
        if of != Type::Unknown {
            self.no_operator(&format!("`[…]` of {}", of.type_name()), key);
        }
        Value::UNKNOWN
    }

    /// `+` also joins texts, and with `-` moves timestamps by durations.
    fn arithmetic(&mut self, operator: &str, a: &IdedExpr, b: &IdedExpr, node: &IdedExpr) -> Value {
        let (left, right) = (self.value(a), self.value(b));
        let longest = left.longest.saturating_add(right.longest);
        let of = match (operator, left.of, right.of) {
            (_, Type::Unknown, _) | (_, _, Type::Unknown) => Type::Unknown,
            (_, Type::Int, Type::Int) => Type::Int,
            ("_+_" | "_-_" | "_*_" | "_/_", Type::Double, Type::Double) => {
                self.found.doubles.insert(node.id);
                Type::Double
            }
            ("_+_", Type::Text, Type::Text) => Type::Text,
            ("_+_" | "_-_", Type::Time, Type::Span) | ("_+_", Type::Span, Type::Time) => Type::Time,
            ("_+_" | "_-_", Type::Span, Type::Span) | ("_-_", Type::Time, Type::Time) => Type::Span,
            _ => {
                let operator = operator.trim_matches('_');
                let what = format!("`{operator}` of {} and {}", left.of.type_name(), right.of.type_name());
                self.no_operator(&what, node);
                Type::Unknown
            }
        };
        self.spend(longest, node);
        Value { of, longest }
    }

    fn no_operator(&mut self, what: &str, node: &IdedExpr) {
        let error = GuardError::new(Code::GuardValue, self.place(node), format!("there is no {what}"));
        self.errors
            .push(error.label("this operator takes other types").help("convert with `int`, `double` or `string`"));
    }
}

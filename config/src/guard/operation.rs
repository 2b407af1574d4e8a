//! The operators of a guard, and the types of their operands.

use super::GuardError;
use super::form::{table, text};
use super::syntax::{Arithmetic, Comparison, Kind, Node, Operator};
use super::vocabulary::{Type, Value, is_record};
use super::walk::Walk;
use crate::code::Code;

impl Walk<'_> {
    /// The value of an operation.
    pub(super) fn operation(&mut self, operator: Operator, operands: &[Node], node: &Node) -> Value {
        // Each further operand is one more operator.
        self.nodes = self.nodes.saturating_add(operands.len().saturating_sub(2));
        match (operator, operands) {
            (Operator::And | Operator::Or | Operator::Not, operands) => {
                operands.iter().for_each(|operand| self.condition(operand));
                Value::plain(Type::Bool)
            }
            (Operator::Compare(comparison), [a, b]) => {
                let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                self.comparison(a, b, ordered, node)
            }
            (Operator::In, [element, within]) => self.membership(element, within),
            (Operator::Conditional, [condition, yes, no]) => self.conditional(condition, yes, no, node),
            (Operator::Arithmetic(of), [a, b]) => self.arithmetic(of, a, b, node),
            (Operator::Negate, [operand]) => {
                let of = self.value(operand).of;
                if !of.is_one_of(&[Type::Int, Type::Double]) {
                    self.no_operator(&words!("`-` of {}", of.type_name()), node);
                }
                Value::plain(of)
            }
            // The parser gives each operator its operands.
            _ => Value::UNKNOWN,
        }
    }

    fn comparison(&mut self, a: &Node, b: &Node, ordered: bool, node: &Node) -> Value {
        let (left, right) = (self.value(a), self.value(b));
        if !left.of.compares_with(right.of) {
            let label = words!("{} on the left, {} on the right", left.of.type_name(), right.of.type_name());
            let error = GuardError::new(Code::GuardValue, &node.at, "values of these types cannot be compared");
            self.errors.push(error.label(label));
        } else if ordered && left.of == Type::Bool {
            self.no_operator("order of bools", node);
        }
        self.beside_each_other(a, b);
        self.spend(left.longest.min(right.longest), node);
        Value::plain(Type::Bool)
    }

    /// A name in a map of the language, or a value in a list of values of its type.
    fn membership(&mut self, element: &Node, within: &Node) -> Value {
        if let Some(table) = table(within) {
            match text(element) {
                Some(name) => self.entry(table, name, &element.at),
                None => self.name_required(element),
            };
            return Value::plain(Type::Bool);
        }
        let left = self.value(element);
        if let Kind::List(items) = &within.kind {
            self.nodes = self.nodes.saturating_add(1);
            for item in items {
                let right = self.value(item);
                if !left.of.compares_with(right.of) {
                    let label = words!("this is {}, not {}", right.of.type_name(), left.of.type_name());
                    let message = "this list has a value of another type than the one on the left of `in`";
                    self.errors.push(GuardError::new(Code::GuardValue, &item.whole, message).label(label));
                }
                self.beside(element, item, None);
                self.spend(left.longest.min(right.longest), item);
            }
            return Value::plain(Type::Bool);
        }
        let of = self.value(within).of;
        if of != Type::Unknown {
            let message = "`in` requires a list in brackets, or a map of the request or peer, on its right";
            let error = GuardError::new(Code::GuardValue, &within.whole, message);
            self.errors.push(error.label(words!("this is {}", of.type_name())));
        }
        Value::plain(Type::Bool)
    }

    fn conditional(&mut self, condition: &Node, yes: &Node, no: &Node, node: &Node) -> Value {
        self.condition(condition);
        let (yes, no) = (self.value(yes), self.value(no));
        if !yes.of.is_one_of(&[no.of]) {
            let what = words!("`?` with {} and {}", yes.of.type_name(), no.of.type_name());
            self.no_operator(&what, node);
            return Value::UNKNOWN;
        }
        Value { of: yes.of, longest: yes.longest.max(no.longest) }
    }

    pub(super) fn index(&mut self, of: &Node, key: &Node) -> Value {
        if let Some(name) = text(key) {
            self.nodes = self.nodes.saturating_add(1);
            return self.member(of, name, &key.at);
        }
        let record = matches!(&of.kind, Kind::Name(name) if is_record(name));
        if record || table(of).is_some() {
            return self.name_required(key);
        }
        let of = self.value(of).of;
        if of != Type::Unknown {
            self.no_operator(&words!("`[…]` of {}", of.type_name()), key);
        }
        Value::UNKNOWN
    }

    /// `+` also joins texts, and with `-` moves timestamps by durations.
    fn arithmetic(&mut self, operator: Arithmetic, a: &Node, b: &Node, node: &Node) -> Value {
        let (left, right) = (self.value(a), self.value(b));
        let longest = left.longest.saturating_add(right.longest);
        let of = match (operator, left.of, right.of) {
            (_, Type::Unknown, _) | (_, _, Type::Unknown) => Type::Unknown,
            (_, Type::Int, Type::Int) => Type::Int,
            (Arithmetic::Remainder, ..) => self.no_arithmetic(operator, left.of, right.of, node),
            (_, Type::Double, Type::Double) => Type::Double,
            (Arithmetic::Add, Type::Text, Type::Text) => Type::Text,
            (Arithmetic::Add, Type::Span, Type::Time) => Type::Time,
            (Arithmetic::Add | Arithmetic::Subtract, Type::Time, Type::Span) => Type::Time,
            (Arithmetic::Add | Arithmetic::Subtract, Type::Span, Type::Span) => Type::Span,
            (Arithmetic::Subtract, Type::Time, Type::Time) => Type::Span,
            _ => self.no_arithmetic(operator, left.of, right.of, node),
        };
        self.spend(longest, node);
        Value { of, longest }
    }

    fn no_arithmetic(&mut self, operator: Arithmetic, left: Type, right: Type, node: &Node) -> Type {
        self.no_operator(&words!("`{operator}` of {} and {}", left.type_name(), right.type_name()), node);
        Type::Unknown
    }

    fn no_operator(&mut self, what: &str, node: &Node) {
        let error = GuardError::new(Code::GuardValue, &node.at, words!("there is no {what}"));
        self.errors
            .push(error.label("this operator takes other types").help("convert with `int`, `double` or `string`"));
    }
}

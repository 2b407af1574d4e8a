//! The calls of a guard: operators, functions, and the types of their arguments.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::function::{Argument, FUNCTIONS, Function, Operator, operator};
use super::literal::LiteralError;
use super::vocabulary::{Type, is_record};
use super::walk::{Walk, table};
use super::{GuardError, literal};
use crate::code::Code;
use crate::report::{listed, quote};

impl Walk<'_> {
    pub(super) fn call(&mut self, call: &CallExpr, node: &IdedExpr) -> Type {
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
                    let label = format!("{} on the left, {} on the right", left.type_name(), right.type_name());
                    let error =
                        GuardError::new(Code::GuardValue, self.place(node), "values of these types cannot be compared");
                    self.errors.push(error.label(label));
                }
                Type::Bool
            }
            (Operator::Membership, [element, within]) => {
                self.value(element);
                let of = self.value(within);
                if !of.may_be(&[Type::List, Type::Map]) {
                    let error = GuardError::new(
                        Code::GuardValue,
                        self.whole(within),
                        "`in` requires a list or a map on its right",
                    );
                    self.errors.push(error.label(format!("this is {}", of.type_name())));
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
            let error =
                GuardError::new(Code::GuardName, self.whole(key), "a name that a guard reads must be a literal");
            self.errors.push(
                error
                    .label("not a string literal")
                    .help("write the name itself, such as `request.headers[\"x-tier\"]`"),
            );
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
        if let (Some(expected), Some(given)) = (function.on, on) {
            self.expect(expected, given, name, node);
        }
        self.arguments(function, &call.args, node);
        function.result
    }

    fn no_function(&mut self, name: &str, on: bool, node: &IdedExpr) {
        let other = FUNCTIONS.iter().find(|function| function.name == name);
        let near = self.names.did_you_mean(name, FUNCTIONS.iter().map(|function| function.name));
        let mut names: Vec<&str> =
            FUNCTIONS.iter().filter(|f| f.on.is_some() == on).map(|function| function.name).collect();
        names.dedup();
        let help = match (other, near) {
            (Some(_), _) if on => format!("write `{name}(x)`"),
            (Some(_), _) => format!("write `x.{name}()`"),
            (None, Some(near)) => near,
            (None, None) => format!("the functions are {}", listed(names, 24, "and")),
        };
        let at = self.name_before(name, node);
        let error = GuardError::new(Code::GuardFunction, at, format!("guards have no function {}", quote(name)));
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
                format!("`{}` is called with {} arguments", function.name, given.len()),
            );
            self.errors.push(error.label(format!("it requires {count}")));
        }
        for (expected, argument) in function.arguments.iter().zip(given) {
            let of = self.value(argument);
            match expected {
                Argument::Of(expected) => self.expect(*expected, of, function.name, argument),
                Argument::Regex => self.regex(argument),
                Argument::Zone => self.zone(argument),
            }
        }
    }

    fn regex(&mut self, argument: &IdedExpr) {
        let compiled = text(argument).ok_or(LiteralError::NotALiteral("a pattern")).and_then(|pattern| {
            let regex = literal::regex(pattern)?;
            Ok((pattern.to_owned(), regex))
        });
        match compiled {
            Ok((pattern, regex)) => {
                self.found.patterns.insert(pattern, regex);
            }
            Err(cause) => {
                let at = self.whole(argument);
                let error = GuardError::new(Code::GuardValue, at, "this pattern cannot be used");
                self.errors.push(error.label(cause.to_string()));
            }
        }
    }

    fn zone(&mut self, argument: &IdedExpr) {
        let name = text(argument);
        let checked = name.ok_or(LiteralError::NotALiteral("a time zone")).and_then(literal::check_zone);
        if let Err(cause) = checked {
            let near = name.and_then(|zone| self.names.did_you_mean(zone, literal::zones()));
            let form = "use an IANA name such as `Europe/Paris`, or an offset such as `+02:00`";
            let at = self.whole(argument);
            let error = GuardError::new(Code::GuardValue, at, "this time zone is unknown").label(cause.to_string());
            self.errors.push(error.help(near.unwrap_or_else(|| form.to_owned())));
        }
    }

    fn expect(&mut self, expected: Type, given: Type, function: &str, node: &IdedExpr) {
        if !given.may_be(&[expected]) {
            let error = GuardError::new(
                Code::GuardValue,
                self.place(node),
                format!("`{function}` requires {}", expected.type_name()),
            );
            self.errors.push(error.label(format!("this is {}", given.type_name())));
        }
    }
}

fn text(node: &IdedExpr) -> Option<&str> {
    let Expr::Literal(LiteralValue::String(text)) = &node.expr else { return None };
    Some(text.inner())
}

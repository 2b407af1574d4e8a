//! The calls of a guard: functions, and the types of their arguments.

use super::GuardError;
use super::condition::Extent;
use super::conversion::Conversion;
use super::form::text;
use super::function::{Argument, FUNCTIONS, Function};
use super::literal::{self, LiteralError};
use super::scalar::Scalar;
use super::syntax::Node;
use super::vocabulary::{Type, Value};
use super::walk::Walk;
use super::zone::{self, Zone};
use crate::code::Code;
use crate::report::{listed, quote};

/// Longest text that `string` makes of a number, a time or a duration, in bytes: `9999-12-31T23:59:59.999999999Z` has 30.
const MAX_SHOWN: usize = 32;

/// The loops of CEL.
const LOOPS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];

impl Walk<'_> {
    /// The value of `name(arguments)`, or of `target.name(arguments)`.
    pub(super) fn call(&mut self, name: &str, target: Option<&Node>, arguments: &[Node], node: &Node) -> Value {
        if target.is_some() && LOOPS.contains(&name) {
            let error = GuardError::new(Code::GuardFunction, &node.at, "guards have no loops");
            let label = "`all`, `exists`, `exists_one`, `map` and `filter` are not part of the language";
            self.errors.push(error.label(label));
            return Value::UNKNOWN;
        }
        let on = target.map(|target| self.value(target));
        let known = FUNCTIONS.iter().find(|function| function.name == name && function.on.is_some() == on.is_some());
        let Some(function) = known else {
            self.no_function(name, on.is_some(), node);
            return Value::UNKNOWN;
        };
        if let (Some(expected), Some(given)) = (function.on, on) {
            self.expect(expected, given.of, name, node);
        }
        let given = self.arguments(function, on, arguments, node);
        let first = on.or(given.first().copied()).unwrap_or(Value::UNKNOWN);
        self.found.reads.calls.insert((function.name, first.of.type_name()));
        // A pattern counts its own steps.
        if !function.arguments.contains(&Argument::Regex) {
            let longest = on.iter().chain(&given).map(|value| value.longest).fold(0, usize::saturating_add);
            let made = if function.result == Type::Text { MAX_SHOWN } else { 0 };
            self.spend(longest.saturating_add(made), node);
        }
        if let [argument] = arguments {
            self.literal_conversion(function.name, argument);
            if let (Some(target), extent @ Some(_)) = (target, Extent::named(function.name)) {
                self.beside(target, argument, extent);
            }
        }
        let longest = if function.result == Type::Text { first.longest.max(MAX_SHOWN) } else { 0 };
        Value { of: function.result, longest }
    }

    /// A literal that is converted: a conversion that fails would fail on every request.
    fn literal_conversion(&mut self, name: &str, argument: &Node) {
        let Some(conversion) = Conversion::named(name) else { return };
        let Some(literal) = text(argument) else { return };
        if conversion.of(Scalar::Text(literal.into())).is_none() {
            let message = words!("`{name}` fails on this text");
            let error = GuardError::new(Code::GuardValue, &argument.whole, message);
            self.errors.push(error.label(words!("it takes {}", conversion.form())));
        }
    }

    fn no_function(&mut self, name: &str, on: bool, node: &Node) {
        let other = FUNCTIONS.iter().find(|function| function.name == name);
        let near = self.names.did_you_mean(name, FUNCTIONS.iter().map(|function| function.name));
        let mut names: Vec<&str> =
            FUNCTIONS.iter().filter(|f| f.on.is_some() == on).map(|function| function.name).collect();
        names.dedup();
        let help = match (other, near) {
            (Some(_), _) if on => words!("write `{name}(x)`"),
            (Some(_), _) => words!("write `x.{name}()`"),
            (None, Some(near)) => near,
            (None, None) => words!("the functions are {}", listed(names, 24, "and")),
        };
        let at = &node.at;
        let error = GuardError::new(Code::GuardFunction, at, words!("guards have no function {}", quote(name)));
        self.errors.push(error.label("unknown function").help(help));
    }

    fn arguments(&mut self, function: &Function, on: Option<Value>, given: &[Node], node: &Node) -> Vec<Value> {
        let most = function.arguments.len();
        let least = function.arguments.iter().filter(|argument| **argument != Argument::Zone).count();
        if !(least..=most).contains(&given.len()) {
            let count = if least == most { least.to_string() } else { words!("{least} or {most}") };
            let error = GuardError::new(
                Code::GuardFunction,
                &node.at,
                words!("`{}` is called with {} arguments", function.name, given.len()),
            );
            self.errors.push(error.label(words!("it requires {count}")));
        }
        let mut values = Vec::new();
        for (expected, argument) in function.arguments.iter().zip(given) {
            let value = self.value(argument);
            match expected {
                Argument::Of(expected) => self.expect(expected, value.of, function.name, argument),
                Argument::Regex => self.regex(argument, on.or(values.first().copied()).unwrap_or(Value::UNKNOWN)),
                Argument::Zone => self.zone(argument),
            }
            values.push(value);
        }
        values
    }

    /// A pattern that is matched with a text.
    fn regex(&mut self, argument: &Node, on: Value) {
        let pattern = text(argument).ok_or(LiteralError::NotALiteral("a pattern"));
        match pattern.and_then(|pattern| Ok((pattern, literal::regex(pattern)?))) {
            Ok((pattern, (checked, size))) => {
                self.found.patterns.insert(pattern.to_owned(), checked);
                self.spend(size.saturating_mul(on.longest), argument);
            }
            Err(cause) => {
                let error = GuardError::new(Code::GuardValue, &argument.whole, "this pattern cannot be used");
                self.errors.push(error.label(words!("{cause}")));
            }
        }
    }

    fn zone(&mut self, argument: &Node) {
        let name = text(argument);
        let checked = name.ok_or(LiteralError::NotALiteral("a time zone"));
        let checked = checked.and_then(|name| Zone::read(name).ok_or(LiteralError::Zone));
        if let Err(cause) = checked {
            let near = name.and_then(|zone| self.names.did_you_mean(zone, zone::names()));
            let form = "use an IANA name such as `Europe/Paris`, or an offset such as `+02:00`";
            let at = &argument.whole;
            let error = GuardError::new(Code::GuardValue, at, "this time zone is unknown").label(words!("{cause}"));
            self.errors.push(error.help(near.unwrap_or_else(|| form.to_owned())));
        }
    }

    fn expect(&mut self, expected: &[Type], given: Type, function: &str, node: &Node) {
        if !given.is_one_of(expected) {
            let names: Vec<&str> = expected.iter().map(|of| of.type_name()).collect();
            let message = words!("`{function}` requires {}", names.join(" or "));
            let error = GuardError::new(Code::GuardValue, &node.at, message);
            self.errors.push(error.label(words!("this is {}", given.type_name())));
        }
    }
}

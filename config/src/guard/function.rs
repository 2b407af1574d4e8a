//! The functions and operators that guards may call. A guard that calls another one is rejected.

use super::vocabulary::Type;

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// Any value of this type.
    Of(Type),
    /// A regular expression, literal.
    Regex,
    /// A time zone, literal; it may be left out.
    Zone,
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// The type of `x` in `x.f()`; none: the function is called as `f(x)`.
    pub(super) on: Option<Type>,
    pub(super) arguments: &'static [Argument],
    pub(super) result: Type,
}

const ANY: Argument = Argument::Of(Type::Any);
const TEXT: Argument = Argument::Of(Type::Text);

const fn on(on: Type, name: &'static str, arguments: &'static [Argument], result: Type) -> Function {
    Function { name, on: Some(on), arguments, result }
}

const fn global(name: &'static str, arguments: &'static [Argument], result: Type) -> Function {
    Function { name, on: None, arguments, result }
}

/// The functions that guards may call. The time of each is at most linear in the size of its arguments.
pub(super) const FUNCTIONS: &[Function] = &[
    on(Type::Text, "contains", &[TEXT], Type::Bool),
    on(Type::Text, "startsWith", &[TEXT], Type::Bool),
    on(Type::Text, "endsWith", &[TEXT], Type::Bool),
    on(Type::Text, "matches", &[Argument::Regex], Type::Bool),
    global("matches", &[TEXT, Argument::Regex], Type::Bool),
    on(Type::Any, "size", &[], Type::Number),
    global("size", &[ANY], Type::Number),
    on(Type::Any, "getFullYear", &[Argument::Zone], Type::Number),
    on(Type::Any, "getMonth", &[Argument::Zone], Type::Number),
    on(Type::Any, "getDate", &[Argument::Zone], Type::Number),
    on(Type::Any, "getDayOfMonth", &[Argument::Zone], Type::Number),
    on(Type::Any, "getDayOfWeek", &[Argument::Zone], Type::Number),
    on(Type::Any, "getDayOfYear", &[Argument::Zone], Type::Number),
    on(Type::Any, "getHours", &[Argument::Zone], Type::Number),
    on(Type::Any, "getMinutes", &[Argument::Zone], Type::Number),
    on(Type::Any, "getSeconds", &[Argument::Zone], Type::Number),
    on(Type::Any, "getMilliseconds", &[Argument::Zone], Type::Number),
    global("timestamp", &[ANY], Type::Time),
    global("duration", &[ANY], Type::Span),
    global("int", &[ANY], Type::Number),
    global("double", &[ANY], Type::Number),
    global("string", &[ANY], Type::Text),
    global("bool", &[ANY], Type::Bool),
];

/// An operator, by the types of its operands and result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `&&`, `||`, `!`: of conditions; a condition.
    Logic,
    /// `==`, `!=`, `<`, `<=`, `>`, `>=`: of two values of one type; a condition.
    Comparison,
    /// `in`: a list or a map on the right.
    Membership,
    /// `+`, `-`, `*`, `/`, `%`, and `-x`.
    Arithmetic,
    /// `c ? a : b`.
    Conditional,
    /// `a[b]`.
    Index,
}

/// The operator that the parser calls `name`.
pub(super) fn operator(name: &str) -> Option<Operator> {
    match name {
        "_&&_" | "_||_" | "!_" => Some(Operator::Logic),
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => Some(Operator::Comparison),
        "@in" => Some(Operator::Membership),
        "_+_" | "_-_" | "_*_" | "_/_" | "_%_" | "-_" => Some(Operator::Arithmetic),
        "_?_:_" => Some(Operator::Conditional),
        "_[_]" => Some(Operator::Index),
        _ => None,
    }
}

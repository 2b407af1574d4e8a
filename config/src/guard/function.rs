//! The functions that guards may call. A guard that calls another one is rejected.

use super::vocabulary::Type;

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// A value of one of these types.
    Of(&'static [Type]),
    /// A regular expression, literal.
    Regex,
    /// A time zone, literal; it may be left out.
    Zone,
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// The types of `x` in `x.f()`; none: the function is called as `f(x)`.
    pub(super) on: Option<&'static [Type]>,
    pub(super) arguments: &'static [Argument],
    pub(super) result: Type,
}

const TEXT: &[Type] = &[Type::Text];
const TIME: &[Type] = &[Type::Time];
const NUMBERS: &[Type] = &[Type::Int, Type::Double, Type::Number, Type::Text];
/// Without doubles: evaluators of CEL write one in different ways, such as `1000000` and `1e+06`.
const SHOWN: &[Type] = &[Type::Bool, Type::Int, Type::Text, Type::Time, Type::Span];

const fn on(on: &'static [Type], name: &'static str, arguments: &'static [Argument], result: Type) -> Function {
    Function { name, on: Some(on), arguments, result }
}

const fn global(name: &'static str, arguments: &'static [Argument], result: Type) -> Function {
    Function { name, on: None, arguments, result }
}

/// The functions that guards may call. The time of each is at most linear in the size of its arguments.
pub(super) const FUNCTIONS: &[Function] = &[
    on(TEXT, "contains", &[Argument::Of(TEXT)], Type::Bool),
    on(TEXT, "startsWith", &[Argument::Of(TEXT)], Type::Bool),
    on(TEXT, "endsWith", &[Argument::Of(TEXT)], Type::Bool),
    on(TEXT, "matches", &[Argument::Regex], Type::Bool),
    global("matches", &[Argument::Of(TEXT), Argument::Regex], Type::Bool),
    on(TEXT, "size", &[], Type::Int),
    global("size", &[Argument::Of(TEXT)], Type::Int),
    on(TIME, "getFullYear", &[Argument::Zone], Type::Int),
    on(TIME, "getMonth", &[Argument::Zone], Type::Int),
    on(TIME, "getDate", &[Argument::Zone], Type::Int),
    on(TIME, "getDayOfMonth", &[Argument::Zone], Type::Int),
    on(TIME, "getDayOfWeek", &[Argument::Zone], Type::Int),
    on(TIME, "getDayOfYear", &[Argument::Zone], Type::Int),
    on(TIME, "getHours", &[Argument::Zone], Type::Int),
    on(TIME, "getMinutes", &[Argument::Zone], Type::Int),
    on(TIME, "getSeconds", &[Argument::Zone], Type::Int),
    on(TIME, "getMilliseconds", &[Argument::Zone], Type::Int),
    global("timestamp", &[Argument::Of(&[Type::Text, Type::Int, Type::Time])], Type::Time),
    global("duration", &[Argument::Of(&[Type::Text, Type::Span])], Type::Span),
    global("int", &[Argument::Of(&[Type::Int, Type::Double, Type::Number, Type::Text, Type::Time])], Type::Int),
    global("double", &[Argument::Of(NUMBERS)], Type::Double),
    global("string", &[Argument::Of(SHOWN)], Type::Text),
    global("bool", &[Argument::Of(&[Type::Bool, Type::Text])], Type::Bool),
];

//! The syntax tree of a guard, with the place of each part.

use std::cmp::Ordering;
use std::ops::Range;

/// A part of a guard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The part's own token: a name, a literal, an operator, or an opening bracket.
    pub(super) at: Range<usize>,
    /// The whole part.
    pub(super) whole: Range<usize>,
    /// How many parts lie in each other here; 1 where there are none in it.
    pub(super) depth: usize,
}

/// The form of a part.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Literal(Literal),
    /// A variable.
    Name(String),
    /// `of.field`, or `has(of.field)`. The node's own token is the field.
    Select {
        of: Box<Node>,
        field: String,
        test: bool,
    },
    /// `of[key]`. The node's own token is the bracket.
    Index {
        of: Box<Node>,
        key: Box<Node>,
    },
    /// `name(arguments)`, or `target.name(arguments)`. The node's own token is the name.
    Call {
        name: String,
        target: Option<Box<Node>>,
        arguments: Vec<Node>,
    },
    /// `&&` and `||` have two operands or more.
    Operation(Operator, Vec<Node>),
    List(Vec<Node>),
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    /// One of a type that guards do not have: `null`, bytes or an unsigned number.
    Other,
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
    Not,
    Negate,
    Conditional,
    In,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operator on numbers, texts, times and durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Comparison {
    /// Whether it holds for two values in this order.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl std::fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        })
    }
}

//! Expressions that are known by their form: literals, and the maps of the language.

use super::syntax::{Kind, Literal, Node};
use super::vocabulary::{self, Table, Type, Value};

/// The table that an expression is: `request.headers`, or `request["headers"]`.
pub(super) fn table(node: &Node) -> Option<Table> {
    let (of, field) = member(node)?;
    let Kind::Name(record) = &of.kind else { return None };
    vocabulary::table(record, field)
}

/// The expression and its member that an expression is: `of.field`, or `of["field"]`.
pub(super) fn member(node: &Node) -> Option<(&Node, &str)> {
    if let Kind::Index { of, key } = &node.kind {
        return Some((of, text(key)?));
    }
    let Kind::Select { of, field, test: false } = &node.kind else { return None };
    Some((of, field))
}

/// The text of a string literal.
pub(super) fn text(node: &Node) -> Option<&str> {
    let Kind::Literal(Literal::Text(text)) = &node.kind else { return None };
    Some(text)
}

/// The value of a literal; none for the types that the language does not have.
pub(super) fn literal(literal: &Literal) -> Option<Value> {
    match literal {
        Literal::Bool(_) => Some(Value::plain(Type::Bool)),
        Literal::Int(_) => Some(Value::plain(Type::Int)),
        Literal::Double(_) => Some(Value::plain(Type::Double)),
        Literal::Text(text) => Some(Value::text(text.len())),
        Literal::Other => None,
    }
}

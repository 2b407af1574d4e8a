//! Expressions that are known by their form: literals, and the maps of the language.

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::vocabulary::{self, Table, Type, Value};

/// The table that an expression is: `request.headers`, or `request["headers"]`.
pub(super) fn table(node: &IdedExpr) -> Option<Table> {
    let (of, field) = if let Expr::Select(select) = &node.expr {
        (&*select.operand, Some(select.field.as_str()).filter(|_| !select.test)?)
    } else if let Expr::Call(call) = &node.expr
        && let ("_[_]", None, [of, key]) = (call.func_name.as_str(), &call.target, call.args.as_slice())
    {
        (of, text(key)?)
    } else {
        return None;
    };
    let Expr::Ident(record) = &of.expr else { return None };
    vocabulary::table(record, field)
}

/// The text of a string literal.
pub(super) fn text(node: &IdedExpr) -> Option<&str> {
    let Expr::Literal(LiteralValue::String(text)) = &node.expr else { return None };
    Some(text.inner())
}

/// The value of a literal; none for the types that the language does not have.
pub(super) fn literal(literal: &LiteralValue) -> Option<Value> {
    match literal {
        LiteralValue::Boolean(_) => Some(Value::plain(Type::Bool)),
        LiteralValue::Int(_) => Some(Value::plain(Type::Int)),
        LiteralValue::Double(_) => Some(Value::plain(Type::Double)),
        LiteralValue::String(text) => Some(Value::text(text.inner().len())),
        LiteralValue::UInt(_) | LiteralValue::Bytes(_) | LiteralValue::Null => None,
    }
}

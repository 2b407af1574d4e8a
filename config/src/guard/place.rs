//! The places of a guard's parts.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SelectExpr};

use super::walk::Walk;

impl Walk<'_> {
    /// The place of the node's own token: an identifier, a literal, an operator, or the bracket of a call.
    pub(super) fn place(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let (start, last) = self.places.offset_for(node.id)?;
        let start = usize::try_from(start).ok()?;
        let end = usize::try_from(last).ok()?.saturating_add(1).min(self.source.len());
        (self.source.is_char_boundary(start) && self.source.is_char_boundary(end) && start <= end).then_some(start..end)
    }

    /// The place of the whole expression, as far as the places of its outermost parts are known.
    pub(super) fn whole(&self, node: &IdedExpr) -> Option<Range<usize>> {
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

    /// The place of a selected field's name: after the dot, or within the brackets of `has`.
    pub(super) fn field_place(&self, select: &SelectExpr, node: &IdedExpr) -> Option<Range<usize>> {
        let own = self.place(node)?;
        let from = match select.test {
            true => self.whole(&select.operand)?.end,
            false => own.start,
        };
        let at = self.source.get(from..)?.find(&select.field)?.saturating_add(from);
        Some(at..at.saturating_add(select.field.len()))
    }

    /// The place of the name of a called function: before its bracket.
    pub(super) fn name_before(&self, name: &str, node: &IdedExpr) -> Option<Range<usize>> {
        let own = self.place(node)?;
        let at = self.source.get(..own.start).and_then(|before| before.rfind(name));
        at.map_or(Some(own), |at| Some(at..at.saturating_add(name.len())))
    }
}

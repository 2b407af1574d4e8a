//! The parser of guards (CEL, "Syntax"): all of the language but what no guard may have.
//!
//! It bounds its own recursion, and the depth of the tree: what walks or drops the tree recurses, and a gate's stack is
//! small.

#![expect(clippy::wildcard_enum_match_arm, reason = "at each place some tokens are expected, and all others are wrong")]

use std::ops::Range;

use super::lexer::{Token, not_cel, tokens, unexpected};
use super::syntax::{Arithmetic, Comparison, Kind, Literal, Node, Operator};
use super::{GuardError, MAX_CHAIN, MAX_NESTING, MAX_SOURCE};
use crate::code::Code;

/// Parses a guard.
pub(super) fn parse(source: &str) -> Result<Node, GuardError> {
    if source.len() > MAX_SOURCE {
        let label = words!("it has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
        return Err(GuardError::of_whole(Code::GuardBound, "this guard is too long").label(label));
    }
    let mut parser = Parser { source, tokens: tokens(source)?, next: 0, brackets: 0, conditionals: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'s> {
    source: &'s str,
    /// Ends with [`Token::End`].
    tokens: Vec<(Token<'s>, Range<usize>)>,
    next: usize,
    /// Brackets that are open.
    brackets: usize,
    /// Conditional operators so far.
    conditionals: usize,
}

/// A token that the parser has taken, and its place.
type Taken<'s> = (Token<'s>, Range<usize>);

/// The operators with two operands, and how strongly they bind.
fn binary(token: &Token<'_>) -> Option<(Operator, u8)> {
    use Operator::{And, Arithmetic as Sum, Compare, In, Or};
    Some(match token {
        Token::Mark("||") => (Or, 0),
        Token::Mark("&&") => (And, 1),
        Token::Mark("==") => (Compare(Comparison::Equal), 2),
        Token::Mark("!=") => (Compare(Comparison::NotEqual), 2),
        Token::Mark("<") => (Compare(Comparison::Less), 2),
        Token::Mark("<=") => (Compare(Comparison::LessOrEqual), 2),
        Token::Mark(">") => (Compare(Comparison::Greater), 2),
        Token::Mark(">=") => (Compare(Comparison::GreaterOrEqual), 2),
        Token::Name("in") => (In, 2),
        Token::Mark("+") => (Sum(Arithmetic::Add), 3),
        Token::Mark("-") => (Sum(Arithmetic::Subtract), 3),
        Token::Mark("*") => (Sum(Arithmetic::Multiply), 4),
        Token::Mark("/") => (Sum(Arithmetic::Divide), 4),
        Token::Mark("%") => (Sum(Arithmetic::Remainder), 4),
        _ => return None,
    })
}

impl<'s> Parser<'s> {
    fn peek(&self) -> &Token<'s> {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.source.len()..self.source.len(), |(_, at)| at.clone())
    }

    fn take(&mut self) -> Taken<'s> {
        let taken = (self.peek().clone(), self.place());
        self.next = self.next.saturating_add(1);
        taken
    }

    fn eat(&mut self, mark: &str) -> Option<Range<usize>> {
        matches!(self.peek(), Token::Mark(next) if *next == mark).then(|| self.take().1)
    }

    fn expect(&mut self, mark: &str) -> Result<Range<usize>, GuardError> {
        self.eat(mark).ok_or_else(|| self.unexpected())
    }

    /// The next token is not one that may come here.
    fn unexpected(&self) -> GuardError {
        let at = self.place();
        match self.peek() {
            Token::End => not_cel(&at).label("the guard ends here, but it is not complete"),
            Token::Mark("=") => unexpected("=", at).help("compare with `==`"),
            _ => unexpected(self.source.get(at.clone()).unwrap_or_default(), at),
        }
    }

    fn expression(&mut self) -> Result<Node, GuardError> {
        let condition = self.operation(0)?;
        let Some(at) = self.eat("?") else { return Ok(condition) };
        self.conditionals = self.conditionals.saturating_add(1);
        self.check_nesting(&at)?;
        let yes = self.operation(0)?;
        self.expect(":")?;
        let no = self.expression()?;
        operation(Operator::Conditional, at, vec![condition, yes, no])
    }

    /// Operands and operators that bind at least this strongly.
    fn operation(&mut self, least: u8) -> Result<Node, GuardError> {
        let mut left = self.unary()?;
        while let Some((operator, strength)) = binary(self.peek()).filter(|(_, strength)| *strength >= least) {
            let (_, at) = self.take();
            let right = self.operation(strength.saturating_add(1))?;
            left = match left.kind {
                // A chain of these is one operation, so that the tree stays flat.
                Kind::Operation(same @ (Operator::And | Operator::Or), mut operands) if same == operator => {
                    operands.push(right);
                    operation(operator, at, operands)?
                }
                _ => operation(operator, at, vec![left, right])?,
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, GuardError> {
        let (mark, operator) = match self.peek() {
            Token::Mark("!") => ("!", Operator::Not),
            Token::Mark("-") => ("-", Operator::Negate),
            _ => return self.member(),
        };
        let at = self.place();
        let mut odd = false;
        // A sign before a number is part of it.
        while matches!(self.peek(), Token::Mark(next) if *next == mark) && !self.is_signed_number() {
            self.take();
            odd = !odd;
        }
        let operand = self.member()?;
        // CEL cancels an operator with the next one.
        if odd { operation(operator, at, vec![operand]) } else { Ok(operand) }
    }

    fn is_signed_number(&self) -> bool {
        let next = self.tokens.get(self.next.saturating_add(1));
        matches!((self.peek(), next), (Token::Mark("-"), Some((Token::Number(_), _))))
    }

    fn member(&mut self) -> Result<Node, GuardError> {
        let mut node = self.primary()?;
        loop {
            let start = node.whole.start;
            if self.eat(".").is_some() {
                let (name, at) = self.name()?;
                node = match self.eat("(") {
                    Some(open) => {
                        let (arguments, end) = self.list(")", false, &open)?;
                        let depth = deeper(arguments.iter().chain([&node]), &at)?;
                        let kind = Kind::Call { name, target: Some(Box::new(node)), arguments };
                        Node { kind, at, whole: start..end, depth }
                    }
                    None => {
                        let (whole, depth) = (start..at.end, deeper([&node], &at)?);
                        Node { kind: Kind::Select { of: Box::new(node), field: name, test: false }, at, whole, depth }
                    }
                };
            } else if let Some(at) = self.eat("[") {
                let key = self.within(&at)?;
                let end = self.expect("]")?.end;
                let depth = deeper([&node, &key], &at)?;
                let kind = Kind::Index { of: Box::new(node), key: Box::new(key) };
                node = Node { kind, at, whole: start..end, depth };
            } else {
                return Ok(node);
            }
        }
    }

    /// The name after a dot.
    fn name(&mut self) -> Result<(String, Range<usize>), GuardError> {
        match self.peek() {
            Token::Name("in" | "true" | "false" | "null") => Err(self.unexpected()),
            Token::Name(name) => Ok(((*name).to_owned(), self.take().1)),
            _ => Err(self.unexpected()),
        }
    }

    fn primary(&mut self) -> Result<Node, GuardError> {
        let before = self.next;
        let (token, at) = self.take();
        let literal = |kind, at: Range<usize>| Ok(Node { kind: Kind::Literal(kind), whole: at.clone(), at, depth: 1 });
        match token {
            Token::Name("true") => literal(Literal::Bool(true), at),
            Token::Name("false") => literal(Literal::Bool(false), at),
            Token::Name("null") | Token::Bytes => literal(Literal::Other, at),
            Token::Text(text) => literal(Literal::Text(text), at),
            Token::Number(number) => literal(self.number(number, false, &at)?, at),
            Token::Mark("-") => match self.take() {
                (Token::Number(number), end) => {
                    let at = at.start..end.end;
                    literal(self.number(number, true, &at)?, at)
                }
                _ => Err(unexpected("-", at)),
            },
            Token::Mark("(") => {
                let inner = self.within(&at)?;
                let end = self.expect(")")?.end;
                Ok(Node { whole: at.start..end, ..inner })
            }
            Token::Mark("[") => {
                let (items, end) = self.list("]", true, &at)?;
                let (whole, depth) = (at.start..end, deeper(&items, &at)?);
                Ok(Node { kind: Kind::List(items), at, whole, depth })
            }
            Token::Mark("{") => {
                let error = GuardError::new(Code::GuardValue, &at, "guards have no map literals");
                Err(error.label("compare the values one by one"))
            }
            Token::Name(name) if name != "in" => self.named(name, at),
            _ => {
                self.next = before;
                Err(self.unexpected())
            }
        }
    }

    /// A variable or a call.
    fn named(&mut self, name: &str, at: Range<usize>) -> Result<Node, GuardError> {
        if matches!(self.peek(), Token::Mark("{")) {
            let error = GuardError::new(Code::GuardFunction, &at, "guards have no message literals");
            return Err(error.label("compare the values one by one"));
        }
        let Some(open) = self.eat("(") else {
            return Ok(Node { kind: Kind::Name(name.to_owned()), whole: at.clone(), at, depth: 1 });
        };
        let (mut arguments, end) = self.list(")", false, &open)?;
        let whole = at.start..end;
        if name != "has" {
            let depth = deeper(&arguments, &at)?;
            return Ok(Node { kind: Kind::Call { name: name.to_owned(), target: None, arguments }, at, whole, depth });
        }
        match (arguments.pop(), arguments.is_empty()) {
            (Some(Node { kind: Kind::Select { of, field, test: false }, at, depth, .. }), true) => {
                Ok(Node { kind: Kind::Select { of, field, test: true }, at, whole, depth })
            }
            _ => Err(not_cel(&at).label("`has` requires one field, such as `has(request.headers.tier)`")),
        }
    }

    /// An expression in brackets, of which this is the opening one.
    fn within(&mut self, open: &Range<usize>) -> Result<Node, GuardError> {
        self.brackets = self.brackets.saturating_add(1);
        self.check_nesting(open)?;
        let inner = self.expression()?;
        self.brackets = self.brackets.saturating_sub(1);
        Ok(inner)
    }

    fn check_nesting(&self, at: &Range<usize>) -> Result<(), GuardError> {
        let fits = self.brackets <= MAX_NESTING && self.conditionals <= MAX_NESTING;
        let label = || words!("at most {MAX_NESTING} levels of brackets and {MAX_NESTING} `?` are allowed");
        if fits { Ok(()) } else { Err(too_deep(at, label())) }
    }

    /// Parts between commas, up to the closing bracket, and the end of it.
    fn list(
        &mut self,
        close: &str,
        trailing_comma: bool,
        open: &Range<usize>,
    ) -> Result<(Vec<Node>, usize), GuardError> {
        let mut parts = Vec::new();
        if let Some(end) = self.eat(close) {
            return Ok((parts, end.end));
        }
        loop {
            parts.push(self.within(open)?);
            let comma = self.eat(",").is_some();
            if !comma || trailing_comma && matches!(self.peek(), Token::Mark(next) if *next == close) {
                return Ok((parts, self.expect(close)?.end));
            }
        }
    }

    fn number(&self, written: &str, negative: bool, at: &Range<usize>) -> Result<Literal, GuardError> {
        if written.ends_with(['u', 'U']) {
            return Ok(Literal::Other);
        }
        let signed = |digits: &str| if negative { format!("-{digits}") } else { digits.to_owned() };
        let found = if let Some(digits) = written.strip_prefix("0x") {
            i64::from_str_radix(&signed(digits), 16).ok().map(Literal::Int)
        } else if written.contains(['.', 'e', 'E']) {
            signed(written).parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Double)
        } else {
            signed(written).parse().ok().map(Literal::Int)
        };
        found.ok_or_else(|| not_cel(at).label("this number is out of range"))
    }
}

/// An operation, from its first operand, or from its operator where that comes first, to its last operand.
fn operation(operator: Operator, at: Range<usize>, operands: Vec<Node>) -> Result<Node, GuardError> {
    let start = operands.first().map_or(at.start, |first| first.whole.start.min(at.start));
    let end = operands.last().map_or(at.end, |last| last.whole.end.max(at.end));
    let depth = deeper(&operands, &at)?;
    Ok(Node { kind: Kind::Operation(operator, operands), at, whole: start..end, depth })
}

/// The depth of a part with these parts in it.
fn deeper<'n>(parts: impl IntoIterator<Item = &'n Node>, at: &Range<usize>) -> Result<usize, GuardError> {
    let within = parts.into_iter().map(|part| part.depth).max().unwrap_or_default();
    if within <= MAX_CHAIN {
        return Ok(within.saturating_add(1));
    }
    Err(too_deep(at, words!("at most {MAX_CHAIN} operators that depend on each other are allowed")))
}

fn too_deep(at: &Range<usize>, label: String) -> GuardError {
    GuardError::new(Code::GuardBound, at, "this guard is nested too deeply").label(label)
}

#[cfg(test)]
mod tests;

//! Literals beside a part of the request, or a field of a timestamp, that it can never be: such a comparison is the same on
//! every request, and its guard permits or denies everything.

use super::condition::{Extent, TimeField};
use super::form::{member, table};
use super::syntax::{Kind, Literal, Node};
use super::vocabulary::Table;
use super::walk::Walk;
use super::{GuardError, MAX_TEXT};
use crate::code::Code;
use crate::sorted::SortedSet;
use crate::spiffe::SpiffeId;
use crate::workflow::without_port;

impl Walk<'_> {
    /// Checks the two sides of a comparison.
    pub(super) fn beside_each_other(&mut self, a: &Node, b: &Node) {
        self.beside(a, b, None);
        self.beside(b, a, None);
    }

    /// Checks `literal`, if it is one, for `part`, if it is one: all of it, or this much of it.
    pub(super) fn beside(&mut self, part: &Node, literal: &Node, extent: Option<Extent>) {
        let fault = match (&part.kind, &literal.kind) {
            (Kind::Call { name, .. }, Kind::Literal(Literal::Int(number))) => number_fault(name, *number),
            (_, Kind::Literal(Literal::Text(text))) => self.text_fault(part, text, extent),
            _ => None,
        };
        if let Some(label) = fault {
            let error = GuardError::new(Code::GuardValue, &literal.whole, "no request has this value here");
            self.errors.push(error.label(label));
        }
    }

    fn text_fault(&self, part: &Node, literal: &str, extent: Option<Extent>) -> Option<String> {
        let whole = extent.is_none();
        match table_of(part) {
            Some(Table::Headers) => return header_fault(literal, whole).map(str::to_owned),
            Some(Table::Query) => {
                let cut = whole && literal.trim() != literal || literal.chars().any(char::is_control);
                return cut.then(|| "a parameter has no control characters, and no white space at its ends".to_owned());
            }
            Some(Table::Attributes) => return None,
            None => {}
        }
        let (record, field) = field(part)?;
        let known = |names: &SortedSet<String>, noun: &str| {
            (whole && !names.contains(literal)).then(|| words!("the document has no such {noun}"))
        };
        let fault = match (record, field) {
            ("request", "method") => {
                method_fault(literal).or((whole && literal.is_empty()).then_some("no method is empty"))
            }
            ("request", "path") => path_fault(literal, extent),
            ("request", "host") => host_fault(literal, whole),
            ("peer", "id") if whole && SpiffeId::try_from(literal.as_bytes()).is_err() => {
                Some("this is not a whole SPIFFE ID, such as `spiffe://cluster.local/ns/shop/sa/app`")
            }
            ("peer", "id") if self.vocabulary.open => None,
            ("peer", "id") => return known(&self.vocabulary.ids, "SPIFFE ID"),
            ("peer" | "task", "actor") => return known(&self.vocabulary.actors, "actor"),
            ("task", "name") => return known(&self.vocabulary.tasks, "task"),
            _ => None,
        };
        fault.map(str::to_owned)
    }
}

/// The variable and its field that an expression is: `request.path`, or `request["path"]`.
fn field(node: &Node) -> Option<(&str, &str)> {
    let (of, field) = member(node)?;
    let Kind::Name(record) = &of.kind else { return None };
    Some((record, field))
}

/// The map that an expression is an entry of.
fn table_of(node: &Node) -> Option<Table> {
    table(member(node)?.0)
}

fn number_fault(function: &str, literal: i64) -> Option<String> {
    let range = TimeField::named(function)?.range()?;
    (!range.contains(&literal)).then(|| words!("`{function}` is from {} to {}", range.start(), range.end()))
}

fn header_fault(literal: &str, whole: bool) -> Option<&'static str> {
    let plain = literal.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'));
    let fits = plain && literal.len() <= MAX_TEXT && (!whole || literal.trim() == literal);
    (!fits).then_some("a guard reads headers of visible ASCII, without spaces at their ends")
}

fn method_fault(literal: &str) -> Option<&'static str> {
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    (!literal.bytes().all(upper)).then_some("methods are upper case, such as `POST`")
}

fn path_fault(literal: &str, extent: Option<Extent>) -> Option<&'static str> {
    let escape = literal.split('%').skip(1).any(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    let begins = matches!(extent, Some(Extent::End | Extent::Anywhere)) || literal.starts_with('/');
    let end = matches!(extent, None | Some(Extent::End)) && literal.len() > 1 && literal.ends_with('/');
    let fits = begins && !end && !escape && !literal.contains(['?', '#']) && !literal.chars().any(char::is_control);
    (!fits)
        .then_some("a guard reads the path decoded, from its first `/`, without the query and without a `/` at its end")
}

fn host_fault(literal: &str, whole: bool) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    let name = !literal.is_empty() && without_port(literal) == literal && !literal.ends_with(['.', ':']);
    let fits = literal.bytes().all(plain) && (!whole || name);
    (!fits).then_some("a guard reads the host in lower case, without its port, such as `shop.example`")
}

//! The maps of the language: headers, parameters of the query, attributes. A guard reads them only name by name, and each
//! name is a literal, so that the gate knows which lines of a request the guard depends on.

use std::ops::Range;

use super::GuardError;
use super::syntax::Node;
use super::vocabulary::{Field, Table, Value};
use super::walk::Walk;
use crate::code::Code;
use crate::report::quote;
use crate::schema::reaches_both;

/// Steps to look for one name among all headers of a request, and among all parameters.
const HEADER_LOOK_UP: usize = 512;
const PARAMETER_LOOK_UP: usize = 1_024;

impl Walk<'_> {
    /// A name that is read from a table, for its value or its presence.
    pub(super) fn entry(&mut self, table: Table, name: &str, at: &Range<usize>) -> Value {
        self.nodes = self.nodes.saturating_add(2);
        let new = match table {
            Table::Headers => self.found.reads.headers.insert(name.to_owned()).then_some(HEADER_LOOK_UP),
            Table::Query => self.found.reads.parameters.insert(name.to_owned()).then_some(PARAMETER_LOOK_UP),
            Table::Attributes => None,
        };
        if let Some(steps) = new {
            self.spend_at(steps, at);
        }
        match table {
            Table::Headers => {
                if let Some(label) = header_fault(name) {
                    self.unknown_entry(name, "header", label, at);
                }
                Value::text(super::MAX_TEXT)
            }
            Table::Query => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~$".contains(&b);
                if !name.bytes().all(plain) || !name.bytes().any(|b| b.is_ascii_alphanumeric()) {
                    let label = "a name has letters or digits, perhaps with `-._~$`, and is not encoded";
                    self.unknown_entry(name, "parameter", label, at);
                }
                Value::text(super::MAX_TEXT)
            }
            Table::Attributes => {
                let known = self.vocabulary.attributes().collect();
                match self.vocabulary.attribute(name) {
                    Some(field) => self.field(field, name, at),
                    None => self.unknown(&words!("no actor has the attribute {}", quote(name)), name, known, at),
                }
            }
        }
    }

    fn unknown_entry(&mut self, name: &str, what: &str, label: &str, at: &Range<usize>) {
        let message = words!("{} is not the name of a {what} that a guard can read", quote(name));
        self.errors.push(GuardError::new(Code::GuardName, at, message).label(label));
    }

    /// A name that is not a literal.
    pub(super) fn name_required(&mut self, key: &Node) -> Value {
        let error = GuardError::new(Code::GuardName, &key.whole, "a name that a guard reads must be a literal");
        let help = "write the name itself, such as `request.headers[\"x-tier\"]`";
        self.errors.push(error.label("not a string literal").help(help));
        Value::UNKNOWN
    }

    /// The value of a field of a variable.
    pub(super) fn field(&mut self, field: Field, name: &str, at: &Range<usize>) -> Value {
        let (code, message, label) = match field {
            Field::Value(value) => return value,
            Field::Table(_) => (
                Code::GuardName,
                words!("{} cannot be read as a whole", quote(name)),
                "read one name of it, such as `request.headers[\"x-tier\"]` or `\"x-tier\" in request.headers`",
            ),
            Field::Mixed => (
                Code::GuardValue,
                words!("the attribute {} has no one type", quote(name)),
                "it is a string or a bool for one actor, and something else for another",
            ),
        };
        self.errors.push(GuardError::new(code, at, message).label(label));
        Value::UNKNOWN
    }
}

/// Why a guard cannot read a header of this name as the caller sent it.
fn header_fault(name: &str) -> Option<&'static str> {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(lower) {
        return Some("header names are lower case, such as `x-tier`; pseudo-headers cannot be read");
    }
    if name == "host" {
        return Some("the proxy has no such header: read `request.host`");
    }
    // Servers take `_` and `.` for `-`.
    let changed = !reaches_both(&name.replace(['_', '.'], "-"));
    changed.then_some("proxies or gates write, change or remove this header")
}

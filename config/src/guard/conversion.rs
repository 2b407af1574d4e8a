//! The texts that conversions take. The evaluator takes more: it ignores the rest of a duration (`1h 9999h`), and its
//! doubles may be no number. So the condition of a guard checks each text before it is converted.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::function::{Argument, FUNCTIONS};

/// Longest text of a bool, a number, a time or a duration, in bytes.
const MAX_SCALAR: usize = 64;

/// The name of the function that a condition calls on each double that arithmetic has made. It returns its argument where
/// that is a finite number, and fails otherwise.
pub const FINITE: &str = "finite double";

/// A conversion of a text.
#[derive(Debug)]
#[non_exhaustive]
pub struct Conversion {
    /// The function of the language.
    pub name: &'static str,
    /// The name of the function that a condition calls on the argument first. It returns the argument where that is not a
    /// text, or one that the conversion takes, and fails otherwise. No guard can write this name.
    pub check: &'static str,
    /// The form of its texts, for people.
    pub(super) form: &'static str,
    has_form: fn(&str) -> bool,
}

impl Conversion {
    /// Whether the conversion takes this text.
    pub fn takes(&self, text: &str) -> bool {
        text.len() <= MAX_SCALAR && (self.has_form)(text)
    }
}

/// All conversions of texts, but not `string`.
pub const CONVERSIONS: [Conversion; 5] = [
    Conversion {
        name: "bool",
        check: "bool text",
        form: "`true` or `false`",
        has_form: |text| matches!(text, "true" | "false"),
    },
    Conversion {
        name: "int",
        check: "int text",
        form: "digits, and `-` before a negative number",
        has_form: |text| digits(text.strip_prefix('-').unwrap_or(text)) == Some(""),
    },
    Conversion { name: "double", check: "double text", form: "a number such as `-1.5` or `1e6`", has_form: is_double },
    Conversion {
        name: "duration",
        check: "duration text",
        form: "numbers with `h`, `m`, `s`, `ms`, `us` or `ns`, such as `36h` or `1h30m`",
        has_form: is_duration,
    },
    Conversion {
        name: "timestamp",
        check: "timestamp text",
        form: "a time of RFC 3339, such as `2026-01-31T00:00:00Z`",
        has_form: |text| is_date_and_time(text).is_some(),
    },
];

/// The condition that gates evaluate: as written, with a check around the argument of each conversion and around each of
/// the nodes `doubles`. A function of a timestamp that names no zone names UTC: CEL says so, but the evaluator takes the
/// offset that the timestamp's text has, which a caller may choose.
///
/// The depth of the recursion is bounded by `scan`.
pub(super) fn with_checks(node: &IdedExpr, doubles: &BTreeSet<u64>) -> IdedExpr {
    let of = |node: &IdedExpr| with_checks(node, doubles);
    let expr = match &node.expr {
        Expr::Call(call) => {
            let conversion = CONVERSIONS.iter().find(|conversion| conversion.name == call.func_name);
            let argument = |node| conversion.map_or_else(|| of(node), |conversion| check(conversion.check, of(node)));
            let zone = (call.args.is_empty() && takes_zone(&call.func_name)).then(|| utc(node.id));
            Expr::Call(CallExpr {
                func_name: call.func_name.clone(),
                target: call.target.as_deref().map(|target| Box::new(of(target))),
                args: call.args.iter().map(argument).chain(zone).collect(),
            })
        }
        Expr::Select(select) => Expr::Select(SelectExpr { operand: Box::new(of(&select.operand)), ..select.clone() }),
        Expr::List(list) => {
            let mut list = list.clone();
            list.elements = list.elements.iter().map(of).collect();
            Expr::List(list)
        }
        Expr::Ident(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Comprehension(_)
        | Expr::Struct(_)
        | Expr::Unspecified => node.expr.clone(),
    };
    let node = IdedExpr { id: node.id, expr };
    if doubles.contains(&node.id) { check(FINITE, node) } else { node }
}

fn takes_zone(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.name == name && function.arguments == [Argument::Zone])
}

fn utc(id: u64) -> IdedExpr {
    IdedExpr { id, expr: Expr::Literal(LiteralValue::String("+00:00".into())) }
}

fn check(name: &str, argument: IdedExpr) -> IdedExpr {
    let call = CallExpr { func_name: name.to_owned(), target: None, args: vec![argument] };
    IdedExpr { id: call.args.first().map_or(0, |argument| argument.id), expr: Expr::Call(call) }
}

/// The text after one digit or more.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// The text after digits, perhaps with a point and digits.
fn decimal(text: &str) -> Option<&str> {
    let rest = digits(text)?;
    rest.strip_prefix('.').map_or(Some(rest), digits)
}

/// The digits of an exponent.
fn exponent(text: &str) -> Option<&str> {
    let text = text.strip_prefix(['e', 'E'])?;
    Some(text.strip_prefix(['-', '+']).unwrap_or(text))
}

fn is_double(text: &str) -> bool {
    let rest = decimal(text.strip_prefix('-').unwrap_or(text));
    let ends = rest.is_some_and(|rest| rest.is_empty() || exponent(rest).and_then(digits) == Some(""));
    ends && text.parse().is_ok_and(f64::is_finite)
}

fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let mut rest = text;
    while !rest.is_empty() {
        let unit = |rest: &str| {
            ["ms", "us", "ns", "h", "m", "s"].iter().find_map(|unit| rest.strip_prefix(unit)).map(str::len)
        };
        match decimal(rest).and_then(unit).and_then(|left| rest.get(rest.len().checked_sub(left)?..)) {
            Some(left) => rest = left,
            None => return text == "0",
        }
    }
    !text.is_empty()
}

/// RFC 3339, section 5.6, in upper case, without leap seconds, which readers take for one second or another, or for none.
/// Whether there is such a day and time, the evaluator knows.
fn is_date_and_time(text: &str) -> Option<()> {
    let form = |text: &str, form: &str| {
        let fits = |(b, mark): (u8, u8)| if mark == b'0' { b.is_ascii_digit() } else { b == mark };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
    };
    let (time, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let zone = rest.strip_prefix('.').map_or(Some(rest), digits)?;
    let leap = time.ends_with(":60");
    (!leap && form(time, "0000-00-00T00:00:00") && (zone == "Z" || form(zone, "+00:00") || form(zone, "-00:00")))
        .then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str) -> impl Fn(&&str) -> bool {
        let conversion = CONVERSIONS.iter().find(|conversion| conversion.name == name);
        move |text| conversion.is_some_and(|conversion| conversion.takes(text))
    }

    #[test]
    fn a_conversion_takes_only_texts_of_one_form() {
        let long = "1".repeat(65);
        for (name, good, bad) in [
            ("bool", vec!["true", "false"], vec!["True", "1", "t", ""]),
            ("int", vec!["0", "-12", "007"], vec!["", "-", "+1", "1.0", " 1", "1e3", "0x1", "١", long.as_str()]),
            (
                "double",
                vec!["0", "-1.5", "1e6", "1.5E-3", "1e+2"],
                vec!["", "nan", "NaN", "inf", "-infinity", "1e999", ".5", "5.", "1e", "+1", "1 ", long.as_str()],
            ),
            (
                "duration",
                vec!["0", "-0", "1h", "1.5h", "-1h30m", "1ms2us3ns"],
                vec!["", "-", "1", "h", "1h ", "1h 9999h", "1h9999d", "1e0h", "+1h", "nanh", "1h0", ".5h", "infs"],
            ),
            (
                "timestamp",
                vec!["2026-01-31T00:00:00Z", "2026-01-31T00:00:00.123+02:00"],
                vec![
                    "",
                    "2026-1-1",
                    "2026-01-31",
                    "2026-01-31t00:00:00z",
                    "2026-01-31 00:00:00Z",
                    "2026-01-31T00:00:00",
                    "2026-01-31T23:59:60Z",
                ],
            ),
        ] {
            assert_eq!(good.iter().find(|text| !taken(name)(text)), None, "{name}");
            assert_eq!(bad.iter().find(|text| taken(name)(text)), None, "{name}");
        }
    }
}

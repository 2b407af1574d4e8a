//! The headers by which a pattern tells requests apart.

use std::fmt;

use crate::sorted::SortedMap;

/// The headers that a request must have, or must not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct HeaderPatterns(SortedMap<String, HeaderPattern>);

/// The rule for one header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeaderPattern {
    /// One line with exactly this value.
    Value(String),
    /// No line.
    Absent,
}

impl HeaderPatterns {
    /// No rule: any headers match.
    pub const ANY: Self = Self(SortedMap::new());

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules, by the lower-case names of their headers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &HeaderPattern)> {
        self.0.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// Whether a request matches; `value` gives the value of its header of a name.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.iter().all(|(name, rule)| rule.value() == value(name))
    }

    /// Whether no request matches both: they have two rules for one header.
    pub fn exclude(&self, other: &Self) -> bool {
        self.0.iter().any(|(name, rule)| other.0.get(name).is_some_and(|others| others != rule))
    }

    /// The names for which only one of the two has a rule.
    pub fn named_once<'h>(&'h self, other: &'h Self) -> impl Iterator<Item = &'h str> {
        let only = |one: &'h Self, other: &'h Self| one.iter().filter(|(name, _)| !other.0.contains_key(*name));
        only(self, other).chain(only(other, self)).map(|(name, _)| name)
    }

    /// The rules of both.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut rules = self.0.clone();
        rules.extend(other.0.clone());
        Self(rules)
    }
}

impl HeaderPattern {
    /// The word for a header that must be absent. No header can be required to have it as its value.
    pub const ABSENT: &str = "absent";

    /// The value; none if the header must be absent.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent => None,
        }
    }

    /// The rule as documents have it.
    pub fn as_str(&self) -> &str {
        self.value().unwrap_or(Self::ABSENT)
    }
}

impl From<&str> for HeaderPattern {
    fn from(text: &str) -> Self {
        if text == Self::ABSENT { Self::Absent } else { Self::Value(text.to_owned()) }
    }
}

impl FromIterator<(String, HeaderPattern)> for HeaderPatterns {
    fn from_iter<I: IntoIterator<Item = (String, HeaderPattern)>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

impl fmt::Display for HeaderPatterns {
    /// ``with `mcp-name: refund` and without `mcp-session` ``; nothing where there is no rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, rule)) in self.iter().enumerate() {
            f.write_str(if at > 0 { " and " } else { "" })?;
            match rule {
                HeaderPattern::Value(value) => write!(f, "with {name}: {value}")?,
                HeaderPattern::Absent => write!(f, "without {name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(rules: &[(&str, &str)]) -> HeaderPatterns {
        rules.iter().map(|(name, rule)| ((*name).to_owned(), HeaderPattern::from(*rule))).collect()
    }

    #[test]
    fn a_value_is_compared_byte_for_byte_and_absent_is_no_value() {
        let rules = patterns(&[("n", "refund"), ("m", "absent")]);
        let matches = |n: Option<&'static str>, m| rules.matches(|name| if name == "n" { n } else { m });
        assert!(matches(Some("refund"), None));
        for (n, m) in
            [(Some("Refund"), None), (None, None), (Some("refund"), Some("absent")), (Some("refund"), Some(""))]
        {
            assert!(!matches(n, m), "{n:?} {m:?}");
        }
    }

    #[test]
    fn two_rules_for_one_header_exclude_each_other() {
        let [refund, look, none] =
            [[("n", "refund")], [("n", "look")], [("n", "absent")]].map(|rules| patterns(&rules));
        assert!(refund.exclude(&look) && refund.exclude(&none) && !refund.exclude(&refund));
        let both = patterns(&[("n", "refund"), ("m", "call")]);
        assert!(!refund.exclude(&both) && !HeaderPatterns::ANY.exclude(&refund));
        assert_eq!(refund.named_once(&both).collect::<Vec<_>>(), ["m"]);
        assert_eq!(refund.named_once(&look).count(), 0);
        assert_eq!(patterns(&[("m", "absent"), ("n", "a b")]).to_string(), "without m and with n: a b");
    }
}

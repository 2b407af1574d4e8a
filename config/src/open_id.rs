//! SPIFFE IDs with an open segment, such as `ns/build/pod/{pod}`: workloads whose names are not known beforehand.

use std::fmt;

use crate::name::TaskName;
use crate::spiffe::{MAX_SPIFFE_ID, SpiffeId, SpiffeIdError, TrustDomain};

/// Longest text in the place of an open segment, in bytes.
pub const MAX_OPEN_SEGMENT: usize = 63;

/// A SPIFFE ID of which one segment of the path is open: any 1 to 63 bytes of `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenId {
    /// All before the open segment, with the `/` at its end.
    before: String,
    /// The name of the segment, for people.
    name: String,
    /// All behind it; empty, or with a `/` at its beginning.
    after: String,
}

impl OpenId {
    /// The pattern, absolute or relative to `domain`.
    ///
    /// # Errors
    /// Not exactly one open segment, or the rest is no SPIFFE ID.
    pub(crate) fn parse(text: &str, domain: Option<&TrustDomain>) -> Result<Self, SpiffeIdError> {
        let segments: Vec<&str> = text.split('/').collect();
        let mut open = segments.iter().enumerate().filter(|(_, segment)| segment.contains(['{', '}']));
        let (Some((at, segment)), None) = (open.next(), open.next()) else { return Err(SpiffeIdError::Open) };
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        TaskName::try_from(name).map_err(|_| SpiffeIdError::Open)?;
        // The shortest text for the segment, to check the rest.
        let filled = segments.iter().map(|one| if one == segment { "x" } else { *one }).collect::<Vec<_>>().join("/");
        let id = SpiffeId::written(&filled, domain)?;
        let behind = segments.len().saturating_sub(at).saturating_sub(1);
        let path: Vec<&str> = id.path().split('/').collect();
        let place = path.len().checked_sub(behind.saturating_add(1)).ok_or(SpiffeIdError::Open)?;
        let (before, rest) = path.split_at_checked(place).ok_or(SpiffeIdError::Open)?;
        let joined = |segments: &[&str]| segments.iter().map(|segment| format!("{segment}/")).collect::<String>();
        let after = rest.iter().skip(1).map(|segment| format!("/{segment}")).collect();
        let open =
            Self { before: format!("spiffe://{}/{}", id.trust_domain(), joined(before)), name: name.to_owned(), after };
        if open.longest() > MAX_SPIFFE_ID { Err(SpiffeIdError::TooLong) } else { Ok(open) }
    }

    /// Whether the ID has some text in the place of the open segment, and is the same otherwise.
    pub fn matches(&self, id: &SpiffeId) -> bool {
        let rest = id.as_str().strip_prefix(&self.before).and_then(|rest| rest.strip_suffix(&self.after));
        rest.is_some_and(|segment| (1..=MAX_OPEN_SEGMENT).contains(&segment.len()) && !segment.contains('/'))
    }

    /// Whether some ID matches both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.trust_domain() == other.trust_domain() && self.overlaps_in_path(other)
    }

    /// Whether some path matches both.
    pub(crate) fn overlaps_in_path(&self, other: &Self) -> bool {
        let path = |open: &Self| format!("{}{{}}{}", open.before, open.after);
        let (one, other) = (path(self), path(other));
        let segments = |path: &'_ str| path.split('/').skip(3).map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (segments(&one), segments(&other));
        let fits = |(a, b): (&String, &String)| match (a.as_str(), b.as_str()) {
            ("{}", text) | (text, "{}") => text.len() <= MAX_OPEN_SEGMENT,
            (a, b) => a == b,
        };
        one.len() == other.len() && one.iter().zip(&other).all(fits)
    }

    /// Whether the open segment is behind `ns/NAMESPACE`, so that only workloads of one namespace match.
    pub(crate) fn is_in_namespace(&self) -> bool {
        let path = self.before.splitn(4, '/').nth(3).unwrap_or_default();
        path.strip_prefix("ns/").is_some_and(|rest| rest.contains('/'))
    }

    /// The trust domain.
    pub(crate) fn trust_domain(&self) -> &str {
        self.before.split('/').nth(2).unwrap_or_default()
    }

    /// Most bytes of an ID that matches.
    pub(crate) fn longest(&self) -> usize {
        self.before.len().saturating_add(MAX_OPEN_SEGMENT).saturating_add(self.after.len())
    }

    /// An ID that matches, as an example.
    pub(crate) fn example(&self, number: usize) -> Option<SpiffeId> {
        SpiffeId::try_from(format!("{}example-{number}{}", self.before, self.after).as_bytes()).ok()
    }
}

impl fmt::Display for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{{}}}{}", self.before, self.name, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> OpenId {
        OpenId::parse(text, TrustDomain::try_from("t").ok().as_ref()).unwrap()
    }

    #[test]
    fn one_whole_segment_of_the_path_is_open() {
        for (text, shown) in [
            ("ns/build/pod/{pod}", "spiffe://t/ns/build/pod/{pod}"),
            ("/ns/build/{pod}/x/y", "spiffe://t/ns/build/{pod}/x/y"),
            ("spiffe://other/{a}", "spiffe://other/{a}"),
        ] {
            assert_eq!(open(text).to_string(), shown);
        }
        for text in [
            "ns/{a}/{b}",
            "ns/x-{a}",
            "ns/{a}-x",
            "ns/{}",
            "ns/{A}",
            "ns/{a",
            "ns/a}",
            "ns/{{a}}",
            "spiffe://{a}/x",
            "{a}:/x",
            "ns//{a}",
            "ns/../{a}",
            "spiffe:/{a}/x",
            "{a}//t/x",
            "spiffe://t/{a}/{a}",
        ] {
            assert!(OpenId::parse(text, TrustDomain::try_from("t").ok().as_ref()).is_err(), "{text}");
        }
        let long = format!("{}/{{a}}", "x".repeat(MAX_SPIFFE_ID - 70));
        assert_eq!(OpenId::parse(&long, TrustDomain::try_from("t").ok().as_ref()), Err(SpiffeIdError::TooLong));
    }

    #[test]
    fn it_matches_one_segment_of_1_to_63_bytes() {
        let [last, inner] = [open("ns/b/pod/{p}"), open("ns/{n}/sa/x")];
        let id = |path: &str| SpiffeId::try_from(format!("spiffe://t/{path}").as_bytes()).unwrap();
        for path in ["ns/b/pod/a", "ns/b/pod/A.b_c-1", &format!("ns/b/pod/{}", "x".repeat(63))] {
            assert!(last.matches(&id(path)), "{path}");
        }
        for path in ["ns/b/pod", "ns/b/pod/a/b", "ns/b/pods/a", "x/ns/b/pod/a", &format!("ns/b/pod/{}", "x".repeat(64))]
        {
            assert!(!last.matches(&id(path)), "{path}");
        }
        assert!(inner.matches(&id("ns/q/sa/x")));
        for path in ["ns/q/r/sa/x", "ns/sa/x", "ns/q/sa/xx", "ns/q/sa/x/sa/x"] {
            assert!(!inner.matches(&id(path)), "{path}");
        }
        assert!(!last.matches(&SpiffeId::try_from(&b"spiffe://other/ns/b/pod/a"[..]).unwrap()));
        assert!(last.example(1).is_some_and(|id| last.matches(&id)));
        assert_eq!((last.is_in_namespace(), inner.is_in_namespace()), (true, false));
    }

    #[test]
    fn patterns_overlap_if_an_id_matches_both() {
        for (one, other, expected) in [
            ("ns/b/pod/{p}", "ns/b/pod/{q}", true),
            ("ns/b/pod/{p}", "ns/{n}/pod/x", true),
            ("ns/b/pod/{p}", "ns/{n}/sa/x", false),
            ("ns/b/pod/{p}", "ns/b/pod/{p}/x", false),
            ("ns/b/{k}/x", "ns/b/pod/{p}", true),
            ("ns/b/pod/{p}", "spiffe://other/ns/b/pod/{p}", false),
        ] {
            assert_eq!(open(one).overlaps(&open(other)), expected, "{one} {other}");
            assert_eq!(open(other).overlaps(&open(one)), expected, "{other} {one}");
        }
        let long = format!("ns/{}/{{p}}", "x".repeat(64));
        assert!(!open(&long).overlaps(&open("ns/{n}/y")));
    }
}

//! A quick reader of headers and claims in the one spelling that gates write. It takes nothing that the strict reader
//! ([`super::UnverifiedToken::parse`]) refuses, and what it does not take, the strict reader judges.

use stepgate_config::name::{TaskName, WorkflowName};
use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Digest;

use super::claims::{Claims, StepClaim};
use crate::time::UnixTime;

/// The `alg`, the `kid` and the `typ` of a JOSE header.
pub(super) fn header(json: &[u8]) -> Option<[&str; 3]> {
    let mut rest = Rest::of(json)?;
    let header = [rest.text(r#"{"alg":"#)?, rest.text(r#","kid":"#)?, rest.text(r#","typ":"#)?];
    rest.end().then_some(header)
}

/// The claims.
pub(super) fn claims(json: &[u8]) -> Option<Claims> {
    let mut rest = Rest::of(json)?;
    let claims = Claims {
        iss: rest.id(r#"{"iss":"#)?,
        sub: rest.id(r#","sub":"#)?,
        txn: rest.text(r#","txn":"#)?.to_owned(),
        jti: rest.text(r#","jti":"#)?.to_owned(),
        iat: rest.time(r#","iat":"#)?,
        exp: rest.time(r#","exp":"#)?,
        dl: rest.time(r#","dl":"#)?,
        parents: if rest.skips(r#","parents":"#) { rest.list(|text| Some(text.to_owned()))? } else { Vec::new() },
        wf: rest.step()?,
        visits: rest.map(r#","visits":"#, |rest| rest.count(""))?,
        performers: rest.map(r#","performers":"#, Rest::ids)?,
        fork: rest.map(r#","fork":"#, |rest| rest.text("").map(str::to_owned))?,
        rep: if rest.skips(r#","rep":"#) { Some(rest.text("")?.to_owned()) } else { None },
        to: if rest.skips(r#","to":"#) { Some(rest.task("")?) } else { None },
        aud: if rest.skips(r#","aud":"#) { Some(rest.text("")?.try_into().ok()?) } else { None },
    };
    rest.end().then_some(claims)
}

/// What is left of a text. Each reader takes the text before its value, too.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn of(json: &'a [u8]) -> Option<Self> {
        std::str::from_utf8(json).ok().map(Self)
    }

    /// Whether nothing is left but the end of the object.
    fn end(&self) -> bool {
        self.0 == "}"
    }

    /// Takes this text, if it comes next.
    fn skips(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip(&mut self, text: &str) -> Option<()> {
        self.skips(text).then_some(())
    }

    /// All before the first byte that ends it.
    fn until(&mut self, ends: impl Fn(u8) -> bool) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(self.0.bytes().position(ends)?)?;
        self.0 = rest;
        Some(taken)
    }

    /// A string without escapes.
    fn text(&mut self, before: &str) -> Option<&'a str> {
        self.skip(before)?;
        self.skip("\"")?;
        let text = self.until(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.skip("\"")?;
        Some(text)
    }

    /// A whole number in its one spelling.
    fn number(&mut self, before: &str) -> Option<u64> {
        self.skip(before)?;
        let digits = self.until(|byte| !byte.is_ascii_digit())?;
        if digits.len() > 1 && digits.starts_with('0') { None } else { digits.parse().ok() }
    }

    fn count(&mut self, before: &str) -> Option<u32> {
        self.number(before)?.try_into().ok()
    }

    fn time(&mut self, before: &str) -> Option<UnixTime> {
        self.number(before)?.try_into().ok()
    }

    fn id(&mut self, before: &str) -> Option<SpiffeId> {
        self.text(before).and_then(id)
    }

    fn task(&mut self, before: &str) -> Option<TaskName> {
        self.text(before)?.try_into().ok()
    }

    fn step(&mut self) -> Option<StepClaim> {
        let step = StepClaim {
            v: self.count(r#","wf":{"v":"#)?,
            name: WorkflowName::try_from(self.text(r#","name":"#)?).ok()?,
            rev: self.count(r#","rev":"#)?,
            digest: Digest::try_from(self.text(r#","digest":"#)?).ok()?,
            task: self.task(r#","task":"#)?,
            from: if self.skips(r#","from":"#) { Some(self.task("")?) } else { None },
        };
        self.skip("}")?;
        Some(step)
    }

    /// A list of strings that is not empty.
    fn list<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let mut list = vec![read(self.text("[")?)?];
        while !self.skips("]") {
            list.push(read(self.text(",")?)?);
        }
        Some(list)
    }

    /// A list of different IDs.
    fn ids(&mut self) -> Option<SortedSet<SpiffeId>> {
        let list = self.list(id)?;
        let count = list.len();
        Some(list.into_iter().collect()).filter(|ids: &SortedSet<SpiffeId>| ids.len() == count)
    }

    /// A map that is not empty, or nothing. No key comes twice.
    fn map<V>(&mut self, before: &str, read: impl Fn(&mut Self) -> Option<V>) -> Option<SortedMap<TaskName, V>> {
        let mut map = SortedMap::new();
        if !self.skips(before) {
            return Some(map);
        }
        let mut next = "{";
        while !(next == "," && self.skips("}")) {
            let key = self.task(next)?;
            self.skip(":")?;
            if map.insert(key, read(self)?).is_some() {
                return None;
            }
            next = ",";
        }
        Some(map)
    }
}

fn id(text: &str) -> Option<SpiffeId> {
    text.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quick reader takes what gates write: that it takes nothing else is in `tests/properties/spelling.rs`.
    #[test]
    fn the_spelling_of_gates_is_taken() {
        let all = r#"{"iss":"spiffe://a/b","sub":"spiffe://a/c","txn":"t","jti":"j","iat":1,"exp":2,"dl":3,"parents":["p","q"],"wf":{"v":1,"name":"w","rev":1,"digest":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","task":"end","from":"middle"},"visits":{"a":1,"b":2},"performers":{"a":["spiffe://a/b","spiffe://a/c"]},"fork":{"x":"y"},"rep":"r","to":"end","aud":"clerk"}"#;
        let least = r#"{"iss":"spiffe://a/b","sub":"spiffe://a/c","txn":"t","jti":"j","iat":1,"exp":2,"dl":3,"wf":{"v":1,"name":"w","rev":1,"digest":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","task":"end"}}"#;
        for json in [all, least] {
            assert_eq!(serde_json::to_string(&claims(json.as_bytes())).unwrap(), json);
        }
        assert_eq!(header(br#"{"alg":"HS256","kid":"k","typ":"wfa+jwt"}"#), Some(["HS256", "k", "wfa+jwt"]));
    }
}

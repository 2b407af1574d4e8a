//! Claims as JSON, byte for byte as serde writes them: a gate writes claims on each request.

use super::claims::{Claims, StepClaim};

type Written = Result<(), serde_json::Error>;

/// The claims as JSON.
///
/// # Errors
/// Where a text cannot be written as JSON, which no text is.
pub(super) fn json(claims: &Claims) -> Result<String, serde_json::Error> {
    let Claims { iss, sub, txn, jti, iat, exp, dl, parents, wf, visits, performers, fork, rep, to, aud } = claims;
    let mut json = Json(String::with_capacity(1024));
    json.name(r#"{"iss":"#, iss.as_str());
    json.name(r#","sub":"#, sub.as_str());
    json.text(r#","txn":"#, txn)?;
    json.text(r#","jti":"#, jti)?;
    json.number(r#","iat":"#, iat.seconds());
    json.number(r#","exp":"#, exp.seconds());
    json.number(r#","dl":"#, dl.seconds());
    json.list([r#","parents":["#, "]"], parents, |json, before, parent| json.text(before, parent))?;
    json.step(wf);
    json.list([r#","visits":{"#, "}"], visits, |json, before, (task, count)| {
        json.name(before, task.as_str());
        json.number(":", (*count).into());
        Ok(())
    })?;
    json.list([r#","performers":{"#, "}"], performers, |json, before, (task, ids)| {
        json.name(before, task.as_str());
        json.put(if ids.is_empty() { ":[]" } else { ":" });
        json.list(["[", "]"], ids, |json, before, id| {
            json.name(before, id.as_str());
            Ok(())
        })
    })?;
    json.list([r#","fork":{"#, "}"], fork, |json, before, (join, round)| {
        json.name(before, join.as_str());
        json.text(":", round)
    })?;
    rep.iter().try_for_each(|rep| json.text(r#","rep":"#, rep))?;
    to.iter().for_each(|to| json.name(r#","to":"#, to.as_str()));
    aud.iter().for_each(|aud| json.name(r#","aud":"#, aud.as_str()));
    json.put("}");
    Ok(json.0)
}

/// What is written so far. Each part gets the text before it, too.
struct Json(String);

impl Json {
    fn put(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// A text of a type that has no character that JSON escapes.
    fn name(&mut self, before: &str, name: &str) {
        [before, "\"", name, "\""].into_iter().for_each(|part| self.put(part));
    }

    fn text(&mut self, before: &str, text: &str) -> Written {
        if text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\')) {
            self.name(before, text);
        } else {
            self.put(before);
            self.put(&serde_json::to_string(text)?);
        }
        Ok(())
    }

    fn number(&mut self, before: &str, number: u64) {
        self.put(before);
        self.put(&number.to_string());
    }

    /// Several items, each with the text before it; nothing where there is none.
    fn list<T>(
        &mut self,
        [begin, end]: [&str; 2],
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Self, &str, T) -> Written,
    ) -> Written {
        let mut before = begin;
        for item in items {
            write(self, before, item)?;
            before = ",";
        }
        self.put(if before == begin { "" } else { end });
        Ok(())
    }

    fn step(&mut self, StepClaim { v, name, rev, digest, task, from }: &StepClaim) {
        self.number(r#","wf":{"v":"#, (*v).into());
        self.name(r#","name":"#, name.as_str());
        self.number(r#","rev":"#, (*rev).into());
        self.name(r#","digest":"#, digest.as_str());
        self.name(r#","task":"#, task.as_str());
        from.iter().for_each(|from| self.name(r#","from":"#, from.as_str()));
        self.put("}");
    }
}

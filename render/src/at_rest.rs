//! How an API server encrypts what it stores: an `EncryptionConfiguration` for the resources in which keys and
//! interlocks stand, with keys of their own, and their rotation.

use std::collections::BTreeMap;

use ct_codecs::{Base64, Decoder, Encoder};
use serde_json::{Value, json};

use super::{Step, Wrong, yaml};

/// Where secrets of a mesh stand: keys in Secrets, the interlock's also in the policies that want it.
const RESOURCES: [&str; 2] = ["secrets", "authorizationpolicies.security.istio.io"];
/// XSalsa20 and Poly1305, by Kubernetes' name. Its nonce is long enough to be drawn at random for as long as one
/// likes; that of AES-GCM is not: there Kubernetes wants another key after 200,000 writes.
const PROVIDER: &str = "secretbox";
/// What this provider takes, in bytes.
const KEY: usize = 32;

const HEADER: &str = "\
# Drawn by `stepgate at-rest`, for `kube-apiserver --encryption-provider-config`. Whoever can read this file and\n\
# etcd can read every Secret of the cluster; whoever loses it can read none. Keep it on the control plane, readable\n\
# by the API server alone, and a copy where your backups' keys are. Change it with `--rotate`, not by hand.\n";

/// The keys, each with its number; the first one writes.
#[derive(Debug, Clone)]
pub struct AtRest(Vec<(u32, [u8; KEY])>);

impl AtRest {
    /// With one key.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn draw(random: &mut dyn FnMut() -> Result<[u8; KEY], Wrong>) -> Result<Self, Wrong> {
        Ok(Self(vec![(1, random()?)]))
    }

    /// Takes a step of a rotation.
    ///
    /// # Errors
    /// Another step is due; there is no randomness.
    pub fn rotate(&mut self, step: Step, random: &mut dyn FnMut() -> Result<[u8; KEY], Wrong>) -> Result<(), Wrong> {
        let due = match self.0.as_slice() {
            [] | [_] => Step::Preload,
            [(first, _), (second, _), ..] if first < second => Step::Switch,
            _ => Step::Retire,
        };
        if step != due {
            return Err(Wrong::new(format!("`{}` is not the next step of these keys", step.name()))
                .help(format!("the next step is `--rotate {}`", due.name())));
        }
        match step {
            Step::Preload => {
                let newest = self.0.iter().map(|(number, _)| *number).max().unwrap_or_default();
                self.0.push((newest.saturating_add(1), random()?));
            }
            Step::Switch => self.0.reverse(),
            Step::Retire => self.0.truncate(1),
        }
        Ok(())
    }

    /// The keys without their secrets: `k2 (writes)`, `k1 (reads)`.
    pub fn summary(&self) -> Vec<String> {
        let line = |(place, (number, _)): (usize, &(u32, _))| {
            let what = if place == 0 { "writes" } else { "reads" };
            format!("{} ({what})", name(*number))
        };
        self.0.iter().enumerate().map(line).collect()
    }

    /// The file.
    ///
    /// # Errors
    /// None, as long as memory can be written.
    pub fn text(&self) -> Result<String, Wrong> {
        Ok(format!("{HEADER}{}", yaml::text(&self.object()?)))
    }

    /// Reads what [`AtRest::text`] has written.
    ///
    /// # Errors
    /// Anything else. No message has anything of the keys.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let not_ours = || Wrong::new("this is no file of `stepgate at-rest`");
        let given = stepgate_config::to_json(text.as_bytes()).map_err(|_| not_ours())?;
        let keys = given.pointer(&format!("/resources/0/providers/0/{PROVIDER}/keys")).and_then(Value::as_array);
        let keys: Option<Vec<_>> = keys.into_iter().flatten().map(key).collect();
        let read = Self(keys.filter(|keys| (1..=2).contains(&keys.len())).ok_or_else(not_ours)?);
        let numbers: BTreeMap<_, _> = read.0.iter().copied().collect();
        // Whatever else stands in it would be lost when it is written again.
        if numbers.len() == read.0.len() && read.object()? == given { Ok(read) } else { Err(not_ours()) }
    }

    fn object(&self) -> Result<Value, Wrong> {
        let key = |(number, key): &(u32, [u8; KEY])| {
            let secret = Base64::encode_to_string(key).map_err(|_| Wrong::new("a key could not be encoded"))?;
            Ok(json!({"name": name(*number), "secret": secret}))
        };
        let keys: Vec<Value> = self.0.iter().map(key).collect::<Result<_, Wrong>>()?;
        // `identity` last: what was stored before is read as it is, and nothing is written by it.
        let providers = [json!({PROVIDER: {"keys": keys}}), json!({"identity": {}})];
        Ok(json!({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
            "resources": [{"resources": RESOURCES, "providers": providers}],
        }))
    }
}

fn name(number: u32) -> String {
    format!("k{number}")
}

fn key(entry: &Value) -> Option<(u32, [u8; KEY])> {
    let number = entry.get("name")?.as_str()?.strip_prefix('k')?.parse().ok()?;
    let secret = Base64::decode_to_vec(entry.get("secret")?.as_str()?, None).ok()?;
    Some((number, secret.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_every_key_that_something_may_be_written_with() {
        let mut drawn = 0;
        let mut random = move || {
            drawn += 1;
            Ok([drawn; KEY])
        };
        let mut keys = AtRest::draw(&mut random).unwrap();
        let mut told = vec![keys.summary().join(", ")];
        for step in [Step::Preload, Step::Switch, Step::Retire] {
            let others = [Step::Preload, Step::Switch, Step::Retire].into_iter().filter(|other| *other != step);
            for other in others {
                let wrong = keys.rotate(other, &mut random).unwrap_err();
                assert!(wrong.help.unwrap().contains(step.name()));
            }
            keys.rotate(step, &mut random).unwrap();
            // What is written is read again, to the last byte.
            let text = keys.text().unwrap();
            keys = AtRest::read(&text).unwrap();
            assert_eq!(keys.text().unwrap(), text);
            told.push(keys.summary().join(", "));
        }
        assert_eq!(told, ["k1 (writes)", "k1 (writes), k2 (reads)", "k2 (writes), k1 (reads)", "k2 (writes)"]);
    }

    #[test]
    fn what_else_could_stand_in_the_file_is_refused_and_not_shown() {
        let text = AtRest::draw(&mut || Ok([7; KEY])).unwrap().text().unwrap();
        AtRest::read(&text).unwrap();
        for (from, to) in [
            ("      - identity: {}\n", ""),
            ("  - secrets\n", "  - secrets\n      - configmaps\n"),
            ("name: k1", "name: first"),
            ("name: k1", "name: k01"),
            ("BwcHBwcHBwc", "Bwc"),
            ("secretbox", "aesgcm"),
            ("kind: ", "# "),
        ] {
            let broken = text.replacen(from, to, 1);
            assert_ne!(broken, text, "{from}");
            let wrong = AtRest::read(&broken).unwrap_err();
            assert!(!wrong.what.contains("Bwc"), "{from}: {wrong}");
        }
    }
}

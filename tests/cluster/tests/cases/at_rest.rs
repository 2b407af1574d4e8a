//! Data at rest: of the API server in etcd, of actors in volumes.

use serde_json::{Value, json};
use stepgate_cluster_tests::{Kubernetes, Result, run, until_established};

use crate::fixture::Fixture;

const SECRET: &str = "secrets/movie/stepgate-hdr";
const POLICY: &str = "security.istio.io/authorizationpolicies/movie/stepgate-hdr-interlock";

/// The prefix of encrypted data names the provider and the key.
fn is_encrypted(stored: &[u8], key: &str) -> bool {
    stored.starts_with(format!("k8s:enc:secretbox:v1:{key}:").as_bytes())
}

/// In the running mesh, etcd's files contain neither a key nor an interlock.
pub(crate) fn is_unreadable(fixture: &mut Fixture) -> Result<()> {
    let kubernetes = fixture.cluster.kubernetes();
    let interlock = fixture.interlock("hdr")?;
    let held = fixture.cluster.secret("movie", "stepgate-hdr")?;
    let key = held.iter().find(|(name, _)| name.starts_with("STEPGATE_KEY")).expect("a key");
    let key: Value = serde_json::from_str(&key.1)?;
    let key = key["k"].as_str().expect("a shared secret");
    assert!(is_encrypted(&kubernetes.stored(SECRET)?, "k1") && is_encrypted(&kubernetes.stored(POLICY)?, "k1"));
    // The API server returns both in the clear: they are encrypted on the way to the disk.
    let policy =
        fixture.cluster.kubectl(&["-n", "movie", "get", "authorizationpolicy", "stepgate-hdr-interlock", "-oyaml"])?;
    assert!(policy.contains(&interlock) && fixture.manifest.contains(key));
    for text in [key, &interlock] {
        assert!(!kubernetes.disk_holds(text)?, "etcd's files have a secret in the clear");
    }
    // The same search finds the same texts in an object of a kind that is not encrypted.
    let metadata = json!({"name": "in-the-clear", "namespace": "movie"});
    let data = json!({"key": key, "interlock": interlock});
    let clear = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    fixture.cluster.apply_text(&clear.to_string())?;
    assert!(!is_encrypted(&kubernetes.stored("configmaps/movie/in-the-clear")?, "k1"));
    for text in [key, &interlock] {
        assert!(kubernetes.disk_holds(text)?, "the search finds nothing");
    }
    fixture.cluster.kubectl(&["-n", "movie", "delete", "configmap", "in-the-clear"]).map(drop)
}

/// From an API server without encryption through a rotation, as docs/istio.md describes it.
pub(crate) fn begins_and_rotates(fixture: &mut Fixture) -> Result<()> {
    let programs = &fixture.programs;
    let mut api = Api(Kubernetes::alone(programs)?);
    api.define(&std::fs::read_to_string(programs.istio.join("share/crd-all.gen.yaml"))?)?;
    api.write("first")?;
    assert_eq!(api.encrypted_with("first")?, None);

    api.0.at_rest(&[])?;
    api.0.restart()?;
    // `identity` reads the old objects; new ones are encrypted.
    api.write("second")?;
    api.readable(&["first", "second"])?;
    assert_eq!((api.encrypted_with("first")?, api.encrypted_with("second")?), (None, Some("k1")));
    api.write_all_again()?;
    assert_eq!(api.encrypted_with("first")?, Some("k1"));
    // etcd's log still contains the text that was in the clear: so keys are rotated once encryption is on.
    assert!(api.0.disk_holds("secret-first")? && !api.0.disk_holds("secret-second")?);

    api.0.at_rest(&["--rotate", "preload"])?;
    api.0.restart()?;
    api.write("third")?;
    assert_eq!(api.encrypted_with("third")?, Some("k1"));

    api.0.at_rest(&["--rotate", "switch"])?;
    api.0.restart()?;
    api.write("fourth")?;
    api.readable(&["first", "second", "third", "fourth"])?;
    assert_eq!((api.encrypted_with("first")?, api.encrypted_with("fourth")?), (Some("k1"), Some("k2")));
    api.write_all_again()?;
    assert_eq!(api.encrypted_with("first")?, Some("k2"));

    api.0.at_rest(&["--rotate", "retire"])?;
    api.0.restart()?;
    api.readable(&["first", "second", "third", "fourth"])
}

/// An API server without a mesh.
struct Api(Kubernetes);

impl Api {
    fn define(&self, definitions: &str) -> Result<()> {
        let policies = definitions.split("\n---\n").find(|text| text.contains("name: authorizationpolicies.security"));
        self.0.kubectl(&["apply", "--server-side", "-f", "-"], Some(policies.expect("a definition of policies")))?;
        until_established(|wait| self.0.kubectl(wait, None))
    }

    /// A Secret, and an interlock's policy with the same text in it.
    fn write(&self, name: &str) -> Result<()> {
        let text = format!("secret-{name}");
        let metadata = json!({"name": name, "namespace": "default"});
        let when = json!({"key": "request.headers[x-stepgate-permit]", "notValues": [text]});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"text": text}});
        let policy = json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata,
            "spec": {"action": "DENY", "rules": [{"when": [when]}]},
        });
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret, policy]});
        self.0.kubectl(&["apply", "--server-side", "-f", "-"], Some(&list.to_string())).map(drop)
    }

    fn readable(&self, names: &[&str]) -> Result<()> {
        let policies = self.0.kubectl(&["get", "authorizationpolicies", "--output=yaml"], None)?;
        for name in names {
            let path = "--output=go-template={{.data.text | base64decode}}";
            assert_eq!(self.0.kubectl(&["get", "secret", name, path], None)?, format!("secret-{name}"));
            assert!(policies.contains(&format!("- secret-{name}\n")), "{name}: {policies}");
        }
        Ok(())
    }

    /// The key with which both are encrypted; `None` if they are in the clear.
    fn encrypted_with(&self, name: &str) -> Result<Option<&'static str>> {
        let paths = ["secrets/default", "security.istio.io/authorizationpolicies/default"];
        let stored = paths.map(|path| self.0.stored(&format!("{path}/{name}")));
        let [secret, policy] = stored;
        let (secret, policy) = (secret?, policy?);
        let with = ["k1", "k2"].into_iter().find(|key| is_encrypted(&secret, key));
        let clear = |stored: &[u8]| stepgate_cluster_tests::contains(stored, format!("secret-{name}").as_bytes());
        assert_eq!((clear(&secret), clear(&policy)), (with.is_none(), with.is_none()), "{name}");
        assert!(with.is_none_or(|key| is_encrypted(&policy, key)), "{name}");
        Ok(with)
    }

    fn write_all_again(&self) -> Result<()> {
        for kind in ["secrets", "authorizationpolicies.security.istio.io"] {
            let all = self.0.kubectl(&["get", kind, "--all-namespaces", "--output=json"], None)?;
            self.0.kubectl(&["replace", "-f", "-"], Some(&all))?;
        }
        Ok(())
    }
}

pub(crate) fn volumes_are_accepted(fixture: &mut Fixture) -> Result<()> {
    let flags =
        ["--provisioner", "ebs.csi.aws.com", "--parameter", "encrypted=true", "--parameter", "kmsKeyId=alias/movie"];
    let text = run(
        &fixture.programs.stepgate,
        &[&["render", "volumes", "config/examples/movie.yaml"], flags.as_slice()].concat(),
        None,
    )?;
    for (from, to, said) in [
        ("provisioner:", "provisionner:", "provisionner"),
        ("ReadWriteOnce", "ReadWriteTwice", "ReadWriteTwice"),
        ("10Gi", "ten", "quantities must match"),
    ] {
        assert!(text.contains(from), "{text}");
        let refused = fixture.cluster.apply_text(&text.replace(from, to)).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    fixture.cluster.apply_text(&text)?;
    let path = "--output=jsonpath={.provisioner} {.parameters.encrypted} {.reclaimPolicy}";
    let class = fixture.cluster.kubectl(&["get", "storageclass", "stepgate-encrypted", path])?;
    assert_eq!(class, "ebs.csi.aws.com true Delete");
    let classes = "--output=jsonpath={.items[*].spec.storageClassName}";
    let claims = fixture.cluster.kubectl(&["-n", "movie", "get", "persistentvolumeclaims", classes])?;
    assert_eq!(claims, ["stepgate-encrypted"; 7].join(" "));
    // They stay: no controller removes the finalizer of a claim.
    Ok(())
}

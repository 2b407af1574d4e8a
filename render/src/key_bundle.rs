//! One key as the texts that a cluster, a configuration and programs need.

use serde_json::{Value, json};
use stepgate_config::KeyOwner;
use stepgate_config::name::Kid;
use stepgate_decision::keys::{Algorithm, Key, KeyActor};

use crate::error::RenderError;
use crate::jwk::{self, Jwks};
use crate::manifest::with;
use crate::yaml;

/// How the Secret of one key begins, and no workload's Secret: those begin with `stepgate-`.
const PREFIX: &str = "stepgate.";

/// A key with its names.
pub struct KeyBundle {
    owner: KeyOwner,
    kid: Kid,
    namespace: Option<String>,
    jwks: Jwks,
}

impl KeyBundle {
    /// Generates a key.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate(
        algorithm: Algorithm,
        owner: KeyOwner,
        kid: Kid,
        namespace: Option<&str>,
    ) -> Result<Self, RenderError> {
        let jwks = jwk::generate(algorithm, kid.as_str())?;
        // A key that a gate would refuse must never reach a cluster.
        Key::new(kid.clone(), KeyActor::Any, &jwks.private.to_string())
            .map_err(|error| RenderError::UnusableKey(error.to_string()))?;
        Ok(Self { owner, kid, namespace: namespace.map(str::to_owned), jwks })
    }

    /// The same names for a key that exists; `None` unless it is a private JWK of this `kid` and algorithm.
    pub fn with_key(&self, private: &str) -> Option<Self> {
        let jwks = Jwks::of(serde_json::from_str(private).ok()?)?;
        Key::new(self.kid.clone(), KeyActor::Any, &jwks.private.to_string()).ok()?;
        let is_same =
            jwks.private.get("kid") == self.jwks.private.get("kid") && jwks.algorithm() == self.jwks.algorithm();
        let (owner, kid, namespace) = (self.owner.clone(), self.kid.clone(), self.namespace.clone());
        is_same.then_some(Self { owner, kid, namespace, jwks })
    }

    /// Its `kid`.
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The environment variable of the private key.
    pub fn variable(&self) -> String {
        self.owner.variable(None)
    }

    /// All of it, as one JSON object.
    pub fn json(&self) -> Value {
        json!({
            "workflow": self.owner.workflow, "actor": self.actor(), "kid": self.kid, "env": self.variable(),
            "private_jwk": self.jwks.private, "public_jwk": self.jwks.public,
            "keys": {"own_gate": self.signing(), "other_gates": self.verifying().unwrap_or_else(|| self.signing())},
            "secret": self.manifest(),
        })
    }

    /// The Secret, and after it the lines for configurations as comments: `kubectl apply -f -` takes the whole.
    ///
    /// # Errors
    /// It cannot be written as YAML.
    pub fn yaml(&self) -> Result<String, RenderError> {
        let keys = self.keys_yaml();
        let comment = |line: &str| if line.starts_with('#') { format!("{line}\n") } else { format!("#{line}\n") };
        Ok(self.secret_yaml()? + &keys.lines().map(comment).collect::<String>())
    }

    /// The name of the file with the private JWK.
    pub fn private_file(&self) -> String {
        format!("{}.private.jwk.json", self.owner.object(PREFIX))
    }

    /// The names and texts of the files. The others follow from the first, the private JWK.
    ///
    /// # Errors
    /// The Secret cannot be written as YAML.
    pub fn files(&self) -> Result<Vec<(String, String)>, RenderError> {
        let stem = self.owner.object(PREFIX);
        let mut files = vec![
            (self.private_file(), format!("{}\n", self.jwks.private)),
            (format!("{stem}.secret.yaml"), self.secret_yaml()?),
            (format!("{stem}.keys.yaml"), self.keys_yaml()),
        ];
        let public = self.jwks.public.as_ref();
        files.extend(public.map(|public| (format!("{stem}.public.jwk.json"), format!("{public}\n"))));
        Ok(files)
    }

    fn manifest(&self) -> Value {
        let namespace = self.namespace.as_ref().map(|namespace| ("namespace", json!(namespace)));
        let metadata = with(json!({"name": self.owner.object(PREFIX)}), namespace);
        let data = json!({self.variable(): self.jwks.private.to_string()});
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "stringData": data})
    }

    fn secret_yaml(&self) -> Result<String, RenderError> {
        Ok(format!(
            "# For the proxies that sign: give them {variable} from this Secret, and the plugin\n\
             # `vmConfig: {{env: [{{name: {variable}, valueFrom: HOST}}]}}`.\n{manifest}",
            variable = self.variable(),
            manifest = yaml::text(&self.manifest())?,
        ))
    }

    fn keys_yaml(&self) -> String {
        let own = format!("keys:\n  - {}\n", self.signing());
        match self.verifying() {
            None => format!("# For `pluginConfig` of every gate of the workflow:\n{own}"),
            Some(verifying) => format!(
                "# For `pluginConfig` of the gates that sign with it:\n{own}\
                 # For `pluginConfig` of all other gates of the workflow, instead:\n#keys:\n#  - {verifying}\n"
            ),
        }
    }

    /// The key in the configuration of a gate that signs. JSON is YAML, too.
    fn signing(&self) -> Value {
        let env = self.variable();
        json!({"workflow": self.owner.workflow, "actor": self.actor(), "kid": self.kid, "use": "sign", "env": env})
    }

    /// The key in the configuration of a gate that only verifies, if that needs no secret.
    fn verifying(&self) -> Option<Value> {
        let public = self.jwks.public.as_ref()?;
        let workflow = &self.owner.workflow;
        Some(json!({"workflow": workflow, "actor": self.actor(), "kid": self.kid, "use": "verify", "jwk": public}))
    }

    fn actor(&self) -> &str {
        self.owner.actor.as_ref().map_or("*", |actor| actor.as_str())
    }
}

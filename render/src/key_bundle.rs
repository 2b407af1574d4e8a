//! One key as the texts that a cluster, a configuration and programs need.

use serde_json::{Value, json};
use stepgate_config::name::{ActorName, Kid, WorkflowName};
use stepgate_decision::keys::{Algorithm, Key, KeyActor};

use crate::error::RenderError;
use crate::jwk::{self, Jwks};
use crate::manifest::with;
use crate::secrets::key_variable;
use crate::yaml;

/// A generated key with its names.
pub struct KeyBundle {
    workflow: String,
    actor: String,
    kid: String,
    variable: String,
    secret: String,
    namespace: Option<String>,
    jwks: Jwks,
}

impl KeyBundle {
    /// Generates a key. Without an actor, any actor of the workflow may sign with it.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate(
        algorithm: Algorithm,
        workflow: &WorkflowName,
        actor: Option<&ActorName>,
        kid: &Kid,
        namespace: Option<&str>,
    ) -> Result<Self, RenderError> {
        let jwks = jwk::generate(algorithm, kid.as_str())?;
        // A key that a gate would refuse must never reach a cluster.
        Key::new(kid.clone(), KeyActor::Any, &jwks.private.to_string())
            .map_err(|error| RenderError::UnusableKey(error.to_string()))?;
        let names: Vec<&str> = [Some(workflow.as_str()), actor.map(ActorName::as_str)].into_iter().flatten().collect();
        Ok(Self {
            workflow: workflow.to_string(),
            actor: actor.map_or_else(|| "*".into(), ToString::to_string),
            kid: kid.to_string(),
            variable: key_variable(&names),
            secret: resource(&names),
            namespace: namespace.map(str::to_owned),
            jwks,
        })
    }

    /// The environment variable of the private key.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// All of it, as one JSON object.
    pub fn json(&self) -> Value {
        json!({
            "workflow": self.workflow, "actor": self.actor, "kid": self.kid, "env": self.variable,
            "private_jwk": self.jwks.private, "public_jwk": self.jwks.public,
            "keys": {"own_gate": self.signing(), "other_gates": self.verifying().unwrap_or_else(|| self.signing())},
            "secret": self.manifest(),
        })
    }

    /// The Secret, and after it the lines for configurations.
    ///
    /// # Errors
    /// It cannot be written as YAML.
    pub fn yaml(&self) -> Result<String, RenderError> {
        Ok(format!("{}---\n{}", self.secret_yaml()?, self.keys_yaml()))
    }

    /// The names and texts of the files.
    ///
    /// # Errors
    /// The Secret cannot be written as YAML.
    pub fn files(&self) -> Result<Vec<(String, String)>, RenderError> {
        let stem = &self.secret;
        let mut files = vec![
            (format!("{stem}.secret.yaml"), self.secret_yaml()?),
            (format!("{stem}.keys.yaml"), self.keys_yaml()),
            (format!("{stem}.private.jwk.json"), format!("{}\n", self.jwks.private)),
        ];
        let public = self.jwks.public.as_ref();
        files.extend(public.map(|public| (format!("{stem}.public.jwk.json"), format!("{public}\n"))));
        Ok(files)
    }

    fn manifest(&self) -> Value {
        let namespace = self.namespace.as_ref().map(|namespace| ("namespace", json!(namespace)));
        let metadata = with(json!({"name": self.secret}), namespace);
        let data = json!({&self.variable: self.jwks.private.to_string()});
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "stringData": data})
    }

    fn secret_yaml(&self) -> Result<String, RenderError> {
        Ok(format!(
            "# For the proxies that sign: give them {variable} from this Secret, and the plugin\n\
             # `vmConfig: {{env: [{{name: {variable}, valueFrom: HOST}}]}}`.\n{manifest}",
            variable = self.variable,
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
        json!({"workflow": self.workflow, "actor": self.actor, "kid": self.kid, "use": "sign", "env": self.variable})
    }

    /// The key in the configuration of a gate that only verifies, if that needs no secret.
    fn verifying(&self) -> Option<Value> {
        let public = self.jwks.public.as_ref()?;
        Some(json!({"workflow": self.workflow, "actor": self.actor, "kid": self.kid, "use": "verify", "jwk": public}))
    }
}

/// `stepgate-movie-vfx-1`: a DNS label (RFC 1123), which has no `_` and does not end in a `-` or `.`.
fn resource(names: &[&str]) -> String {
    let plain = |name: &&str| name.replace(['_', '.'], "-").trim_matches('-').to_owned();
    format!("stepgate-{}", names.iter().map(plain).collect::<Vec<_>>().join("-")).trim_end_matches('-').to_owned()
}

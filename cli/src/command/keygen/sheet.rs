//! Everything about one key, as texts for a cluster, a configuration and machines.

use serde_json::{Value, json};
use stepgate_config::name::{ActorName, Kid, WorkflowName};

use stepgate_render::jwk::Jwks;
use stepgate_render::key_variable;

/// A key and all that is said about it.
pub(super) struct Sheet {
    workflow: String,
    actor: String,
    kid: String,
    env: String,
    secret: String,
    namespace: Option<String>,
    jwks: Jwks,
}

impl Sheet {
    pub(super) fn new(
        workflow: &WorkflowName,
        actor: Option<&ActorName>,
        kid: &Kid,
        namespace: Option<&str>,
        jwks: Jwks,
    ) -> Self {
        let names: Vec<&str> = [Some(workflow.as_str()), actor.map(ActorName::as_str)].into_iter().flatten().collect();
        Self {
            workflow: workflow.to_string(),
            actor: actor.map_or_else(|| "*".into(), ToString::to_string),
            kid: kid.to_string(),
            env: key_variable(&names),
            secret: resource(&names),
            namespace: namespace.map(str::to_owned),
            jwks,
        }
    }

    /// The variable that holds the private key.
    pub(super) fn env(&self) -> &str {
        &self.env
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "workflow": self.workflow, "actor": self.actor, "kid": self.kid, "env": self.env,
            "private_jwk": self.jwks.private, "public_jwk": self.jwks.public,
            "keys": {"own_gate": self.signing(), "other_gates": self.verifying().unwrap_or_else(|| self.signing())},
            "secret": self.manifest(),
        })
    }

    /// All of it: the Secret, and after it the lines for configurations.
    pub(super) fn yaml(&self) -> String {
        format!("{}---\n{}", self.secret_yaml(), self.keys_yaml())
    }

    /// As files: name and content.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let stem = &self.secret;
        let mut files = vec![
            (format!("{stem}.secret.yaml"), self.secret_yaml()),
            (format!("{stem}.keys.yaml"), self.keys_yaml()),
            (format!("{stem}.private.jwk.json"), format!("{}\n", self.jwks.private)),
        ];
        files
            .extend(self.jwks.public.as_ref().map(|public| (format!("{stem}.public.jwk.json"), format!("{public}\n"))));
        files
    }

    fn manifest(&self) -> Value {
        let mut metadata = json!({"name": self.secret});
        if let (Some(namespace), Some(metadata)) = (&self.namespace, metadata.as_object_mut()) {
            metadata.insert("namespace".into(), namespace.as_str().into());
        }
        let mut data = serde_json::Map::new();
        data.insert(self.env.clone(), self.jwks.private.to_string().into());
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "stringData": data})
    }

    fn secret_yaml(&self) -> String {
        let namespace =
            self.namespace.as_ref().map(|name| format!("  namespace: {}\n", text(name))).unwrap_or_default();
        format!(
            "# For the proxies that sign: give them {env} from this Secret, and the plugin\n\
             # `vmConfig: {{env: [{{name: {env}, valueFrom: HOST}}]}}`.\n\
             apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{namespace}type: Opaque\nstringData:\n  {env}: {jwk}\n",
            env = self.env,
            name = text(&self.secret),
            jwk = text(&self.jwks.private.to_string()),
        )
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

    /// The key where it signs. JSON is YAML too.
    fn signing(&self) -> Value {
        json!({"workflow": self.workflow, "actor": self.actor, "kid": self.kid, "use": "sign", "env": self.env})
    }

    /// The key where it only verifies, if that needs no secret.
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

/// A text as YAML and JSON both take it, whatever it looks like.
fn text(text: &str) -> String {
    Value::from(text).to_string()
}

//! The secrets and manifests that an owner makes from documents of their own: a tree in a folder.

use std::path::PathBuf;

use stepgate_cluster_tests::{Cluster, Error, Programs, Result, run, until};
use tempfile::TempDir;

use crate::module::Pushed;
use crate::requests::SOON;

/// A folder with documents, their secrets and manifests.
pub(crate) struct Tree {
    stepgate: PathBuf,
    folder: TempDir,
    documents: Vec<String>,
    /// For `stepgate secrets`.
    secrets: Vec<String>,
    /// For `stepgate render istio`.
    flags: Vec<String>,
    /// The service account that applies it, `NAMESPACE:NAME`; `None`: the administrator of the cluster.
    account: Option<String>,
}

impl Tree {
    /// A tree with these documents, each with its name, and nothing else yet.
    pub(crate) fn of(programs: &Programs, documents: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut paths = Vec::new();
        for (name, text) in documents {
            let path = folder.path().join(format!("{name}.yaml"));
            std::fs::write(&path, text)?;
            paths.push(path.display().to_string());
        }
        std::fs::create_dir(folder.path().join("secrets"))?;
        let (stepgate, none) = (programs.stepgate.clone(), Vec::new());
        Ok(Self { stepgate, folder, documents: paths, secrets: none.clone(), flags: none, account: None })
    }

    /// Adds flags of both commands.
    #[must_use]
    pub(crate) fn both(mut self, flags: &[&str]) -> Self {
        self.secrets.extend(flags.iter().map(ToString::to_string));
        self.render_flags(flags)
    }

    /// Adds flags of `stepgate secrets`.
    #[must_use]
    pub(crate) fn secrets_flags(mut self, flags: &[&str]) -> Self {
        self.secrets.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// Adds flags of `stepgate render istio`.
    #[must_use]
    pub(crate) fn render_flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// Replaces the flags of `stepgate render istio`.
    pub(crate) fn render_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(ToString::to_string).collect();
    }

    /// Writes a file beside the documents, such as the settings of `--gate`, and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.path(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// To be applied as this service account, `NAMESPACE:NAME`.
    #[must_use]
    pub(crate) fn applied_by(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Generates the secrets.
    pub(crate) fn generate_secrets(&self) -> Result<()> {
        self.run_secrets(&[])
    }

    /// Runs a step of a rotation.
    pub(crate) fn rotate(&self, step: &str) -> Result<()> {
        self.run_secrets(&["--rotate", step])
    }

    fn run_secrets(&self, more: &[&str]) -> Result<()> {
        let file = self.path("secrets/secrets.yaml");
        let mut arguments = vec!["secrets", "--out", &file];
        arguments.extend(self.documents.iter().chain(&self.secrets).map(String::as_str));
        arguments.extend(more);
        run(&self.stepgate, &arguments, None).map(drop)
    }

    /// Renders the manifests.
    pub(crate) fn render(&self, module: &Pushed) -> Result<()> {
        let (folder, file) = (self.path(""), self.path("secrets/secrets.yaml"));
        let mut arguments = vec!["render", "istio", "--out", &folder, "--secrets", &file];
        arguments.extend(["--module", &module.url, "--sha256", &module.digest]);
        arguments.extend(self.documents.iter().chain(&self.flags).map(String::as_str));
        run(&self.stepgate, &arguments, None).map(drop)
    }

    /// Applies a folder of the tree.
    pub(crate) fn apply(&self, cluster: &Cluster, folder: &str) -> Result<String> {
        self.apply_text(cluster, &self.built(cluster, folder)?)
    }

    /// Applies other documents as its owner.
    pub(crate) fn apply_text(&self, cluster: &Cluster, text: &str) -> Result<String> {
        let Some(account) = &self.account else { return cluster.apply_text(text) };
        let file = self.path("applied.yaml");
        std::fs::write(&file, text)?;
        let r#as = format!("--as=system:serviceaccount:{account}");
        cluster.kubectl(&[&r#as, "apply", "--validate=strict", "--server-side", "--force-conflicts", "-f", &file])
    }

    /// A folder of the tree as kustomize builds it.
    pub(crate) fn built(&self, cluster: &Cluster, folder: &str) -> Result<String> {
        cluster.kubectl(&["kustomize", &self.path(folder)])
    }

    /// Mints a token for a task of the first document, with any key.
    pub(crate) fn mint(&self, task: &str, holder: &str, (kid, jwk): (&str, &str)) -> Result<String> {
        let document = self.documents.first().ok_or_else(|| Error::new("a tree without documents"))?;
        let mut jwk: serde_json::Value = serde_json::from_str(jwk)?;
        // An attacker can give it any name.
        jwk.as_object_mut().map(|jwk| jwk.remove("kid"));
        let arguments = ["token", "mint", document, "--task", task, "--holder", holder, "--kid", kid, "--key", "-"];
        Ok(run(&self.stepgate, &arguments, Some(&jwk.to_string()))?.trim().to_owned())
    }

    fn path(&self, below: &str) -> String {
        self.folder.path().join(below).display().to_string()
    }
}

/// The value of the first variable in a workload's Secret whose name begins with `variable`.
pub(crate) fn secret_value(cluster: &Cluster, namespace: &str, workload: &str, variable: &str) -> Result<String> {
    let secret = cluster.secret(namespace, &format!("stepgate-{workload}"))?;
    let found = secret.into_iter().find(|(name, _)| name.starts_with(variable));
    found.map(|(_, value)| value).ok_or_else(|| Error::new(format!("no {variable} in the Secret of {workload}")))
}

/// Waits for an answer with this status and code. The error contains the last answer.
pub(crate) fn until_answered(
    what: &str,
    mut ask: impl FnMut() -> Result<(u16, Option<String>)>,
    expected: (u16, Option<&str>),
) -> Result<()> {
    until(SOON, what, || match ask()? {
        (status, code) if (status, code.as_deref()) == expected => Ok(Some(())),
        other => Err(Error::new(format!("{other:?}"))),
    })
}

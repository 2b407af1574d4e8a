//! What an owner draws and renders from documents of their own: a tree in a folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use stepgate_cluster_tests::{Cluster, Error, Programs, Result, until};
use tempfile::TempDir;

use crate::bed::{Pushed, SOON};

/// A folder with documents and what is rendered from them.
pub(crate) struct Tree {
    stepgate: PathBuf,
    folder: TempDir,
    documents: Vec<String>,
    /// For `stepgate secrets`.
    secrets: Vec<String>,
    /// For `stepgate render istio`.
    flags: Vec<String>,
    /// As which service account it is applied, `NAMESPACE:NAME`; none: as the owner of the cluster.
    account: Option<String>,
}

impl Tree {
    /// Of these documents, each with its name; nothing is written yet but they.
    pub(crate) fn of(documents: &[(&str, &str)]) -> Result<Self> {
        let programs = Programs::find().map_err(|missing| Error::new(missing.join("\n")))?;
        let folder = tempfile::tempdir()?;
        let mut paths = Vec::new();
        for (name, text) in documents {
            let path = folder.path().join(format!("{name}.yaml"));
            std::fs::write(&path, text)?;
            paths.push(path.display().to_string());
        }
        std::fs::create_dir(folder.path().join("secrets"))?;
        let (stepgate, none) = (programs.stepgate, Vec::new());
        Ok(Self { stepgate, folder, documents: paths, secrets: none.clone(), flags: none, account: None })
    }

    /// Flags of both commands.
    #[must_use]
    pub(crate) fn both(mut self, flags: &[&str]) -> Self {
        self.secrets.extend(flags.iter().map(ToString::to_string));
        self.rendered_with(flags)
    }

    /// Flags of `stepgate secrets`.
    #[must_use]
    pub(crate) fn drawn_with(mut self, flags: &[&str]) -> Self {
        self.secrets.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// Flags of `stepgate render istio`.
    #[must_use]
    pub(crate) fn rendered_with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// Flags of `stepgate render istio` in place of those before.
    pub(crate) fn render_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(ToString::to_string).collect();
    }

    /// Applied as this service account, `NAMESPACE:NAME`.
    #[must_use]
    pub(crate) fn applied_by(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Draws the secrets.
    pub(crate) fn draw(&self) -> Result<()> {
        self.secrets_with(&[])
    }

    /// Takes a step of a rotation.
    pub(crate) fn rotate(&self, step: &str) -> Result<()> {
        self.secrets_with(&["--rotate", step])
    }

    fn secrets_with(&self, more: &[&str]) -> Result<()> {
        let file = self.path("secrets/secrets.yaml");
        let mut arguments = vec!["secrets", "--out", &file];
        arguments.extend(self.documents.iter().chain(&self.secrets).map(String::as_str));
        arguments.extend(more);
        self.stepgate(&arguments, "").map(drop)
    }

    /// Renders everything.
    pub(crate) fn render(&self, module: &Pushed) -> Result<()> {
        let (folder, file) = (self.path(""), self.path("secrets/secrets.yaml"));
        let mut arguments = vec!["render", "istio", "--out", &folder, "--secrets", &file];
        arguments.extend(["--module", &module.url, "--sha256", &module.digest]);
        arguments.extend(self.documents.iter().chain(&self.flags).map(String::as_str));
        self.stepgate(&arguments, "").map(drop)
    }

    /// Applies a folder of the tree.
    pub(crate) fn apply(&self, cluster: &Cluster, folder: &str) -> Result<String> {
        self.apply_text(cluster, &self.built(cluster, folder)?)
    }

    /// Applies something else as its owner does.
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

    /// A token for a task of the first document, made with a key of one's choice.
    pub(crate) fn mint(&self, task: &str, holder: &str, (kid, jwk): (&str, &str)) -> Result<String> {
        let document = self.documents.first().ok_or_else(|| Error::new("a tree without documents"))?;
        let mut jwk: serde_json::Value = serde_json::from_str(jwk)?;
        // The name that it is given is the forger's choice.
        jwk.as_object_mut().map(|jwk| jwk.remove("kid"));
        let arguments = ["token", "mint", document, "--task", task, "--holder", holder, "--kid", kid, "--key", "-"];
        Ok(self.stepgate(&arguments, &jwk.to_string())?.trim().to_owned())
    }

    fn path(&self, below: &str) -> String {
        self.folder.path().join(below).display().to_string()
    }

    fn stepgate(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(&self.stepgate);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            std::io::Write::write_all(&mut stdin, input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(Error::new(format!("stepgate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    }
}

/// A variable of a workload's Secret.
pub(crate) fn held(cluster: &Cluster, namespace: &str, workload: &str, variable: &str) -> Result<String> {
    let secret = cluster.secret(namespace, &format!("stepgate-{workload}"))?;
    let found = secret.into_iter().find(|(name, _)| name.starts_with(variable));
    found.map(|(_, value)| value).ok_or_else(|| Error::new(format!("no {variable} in the Secret of {workload}")))
}

/// Waits for an answer of this kind, and says what came instead.
pub(crate) fn until_answered(
    what: &str,
    mut ask: impl FnMut() -> Result<(u16, Option<String>)>,
    wanted: (u16, Option<&str>),
) -> Result<()> {
    until(SOON, what, || match ask()? {
        (status, code) if (status, code.as_deref()) == wanted => Ok(Some(())),
        other => Err(Error::new(format!("{other:?}"))),
    })
}

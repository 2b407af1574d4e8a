//! The owner of the movie, who generates secrets and renders manifests.

use std::path::PathBuf;

use stepgate_cluster_tests::{Programs, Result, run};
use tempfile::TempDir;

use crate::module::Pushed;

const DOCUMENT: &str = "config/examples/movie.yaml";

/// A folder with the secrets and manifests.
pub(crate) struct Owner {
    stepgate: PathBuf,
    folder: TempDir,
}

impl Owner {
    pub(crate) fn of_the_movie(programs: &Programs) -> Result<Self> {
        let owner = Self { stepgate: programs.stepgate.clone(), folder: tempfile::tempdir()? };
        std::fs::create_dir(owner.folder.path().join("secrets"))?;
        run(&owner.stepgate, &["secrets", DOCUMENT, "--out", &owner.secrets()], None)?;
        Ok(owner)
    }

    /// The folder of the stage `enforce`.
    pub(crate) fn stage(&self) -> PathBuf {
        self.folder.path().join("stages/enforce")
    }

    pub(crate) fn render(&self, module: &Pushed) -> Result<()> {
        let folder = self.folder.path().display().to_string();
        let render = ["render", "istio", DOCUMENT, "--out", &folder, "--secrets", &self.secrets()];
        let module = ["--module", &module.url, "--sha256", &module.digest];
        run(&self.stepgate, &[render.as_slice(), &module].concat(), None).map(drop)
    }

    /// One step of a rotation: `preload`, `switch` or `retire`.
    pub(crate) fn rotate(&self, step: &str) -> Result<()> {
        run(&self.stepgate, &["secrets", DOCUMENT, "--out", &self.secrets(), "--rotate", step], None).map(drop)
    }

    fn secrets(&self) -> String {
        self.folder.path().join("secrets/secrets.yaml").display().to_string()
    }
}

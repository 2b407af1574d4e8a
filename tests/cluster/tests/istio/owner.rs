//! The owner of the movie: draws secrets, and renders the rest.

use std::path::PathBuf;
use std::process::Command;

use stepgate_cluster_tests::{Error, Programs, Result, repository};
use tempfile::TempDir;

use crate::bed::Pushed;

const DOCUMENT: &str = "config/examples/movie.yaml";

/// A folder with what is rendered.
pub(crate) struct Owner {
    stepgate: PathBuf,
    folder: TempDir,
}

impl Owner {
    pub(crate) fn of_the_movie(programs: &Programs) -> Result<Self> {
        let owner = Self { stepgate: programs.stepgate.clone(), folder: tempfile::tempdir()? };
        std::fs::create_dir(owner.folder.path().join("secrets"))?;
        owner.run(&["secrets", DOCUMENT, "--out", &owner.secrets()])?;
        Ok(owner)
    }

    /// The command.
    pub(crate) fn stepgate(&self) -> &std::path::Path {
        &self.stepgate
    }

    /// Where the stage stands in which all holds.
    pub(crate) fn stage(&self) -> PathBuf {
        self.folder.path().join("stages/enforce")
    }

    pub(crate) fn render(&self, module: &Pushed) -> Result<()> {
        let folder = self.folder.path().display().to_string();
        let render = ["render", "istio", DOCUMENT, "--out", &folder, "--secrets", &self.secrets()];
        self.run(&[render.as_slice(), &["--module", &module.url, "--sha256", &module.digest]].concat())
    }

    /// One step of a rotation: `preload`, `switch` or `retire`.
    pub(crate) fn rotate(&self, step: &str) -> Result<()> {
        self.run(&["secrets", DOCUMENT, "--out", &self.secrets(), "--rotate", step])
    }

    fn secrets(&self) -> String {
        self.folder.path().join("secrets/secrets.yaml").display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(&self.stepgate).args(arguments).current_dir(repository()).output()?;
        match output.status.success() {
            true => Ok(()),
            false => Err(Error::new(format!("stepgate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    }
}

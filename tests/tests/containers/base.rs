//! Base images from what this machine has: where no registry can be reached, nothing can be pulled.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::run;

/// The file tree of a base image.
#[derive(Debug)]
pub(crate) struct Base {
    root: PathBuf,
}

impl Base {
    /// An empty one.
    pub(crate) fn new(root: &Path) -> Self {
        fs::create_dir_all(root.join("tmp")).unwrap();
        Self { root: root.to_owned() }
    }

    /// Adds a program at a place of its own, with the libraries that it needs at theirs.
    #[must_use]
    pub(crate) fn with_program(self, program: &Path, at: &str) -> Self {
        self.copy(program, at);
        let needed = run(Command::new("ldd").arg(program));
        let paths =
            needed.split_whitespace().filter(|word| word.starts_with('/')).map(|word| word.trim_end_matches(':'));
        for library in paths.collect::<BTreeSet<_>>() {
            self.copy(Path::new(library), library);
        }
        self
    }

    /// Adds a folder as it stands.
    #[must_use]
    pub(crate) fn with_folder(self, folder: &str) -> Self {
        let to = self.at(folder);
        fs::create_dir_all(&to).unwrap();
        run(Command::new("cp").args(["-r", "--no-target-directory", folder]).arg(to));
        self
    }

    fn copy(&self, from: &Path, at: &str) {
        let to = self.at(at);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// All of it as one archive.
    pub(crate) fn archive(&self) -> PathBuf {
        let archive = self.root.with_extension("tar");
        run(Command::new("tar").arg("-C").arg(&self.root).arg("-cf").arg(&archive).arg("."));
        archive
    }
}

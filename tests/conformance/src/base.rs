//! Base images from files of this machine: without a registry, nothing can be pulled.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file tree of a base image.
#[derive(Debug)]
pub struct Base {
    root: PathBuf,
}

impl Base {
    /// An empty tree, built in this folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("tmp"))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Adds a program at its own path, with the libraries that it needs at theirs.
    ///
    /// # Errors
    /// If one of them cannot be copied.
    pub fn program(&self, program: &Path, at: &str) -> io::Result<()> {
        self.file(program, at)?;
        self.libraries_of(program)
    }

    /// Adds the libraries that a program, or a plug-in of one, needs.
    ///
    /// # Errors
    /// If one of them cannot be copied.
    pub fn libraries_of(&self, program: &Path) -> io::Result<()> {
        // For a program that needs none, `ldd` says so and exits with 1.
        let said = Command::new("ldd").arg(program).output()?.stdout;
        let needed = String::from_utf8_lossy(&said).into_owned();
        let paths =
            needed.split_whitespace().filter(|word| word.starts_with('/')).map(|word| word.trim_end_matches(':'));
        paths.collect::<BTreeSet<_>>().into_iter().try_for_each(|library| self.file(Path::new(library), library))
    }

    /// Adds a file.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn file(&self, from: &Path, at: &str) -> io::Result<()> {
        let to = self.at(at);
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", from.display()));
        fs::copy(from, to).map(drop).map_err(named)
    }

    /// Adds a file with this content.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn text(&self, at: &str, text: &str) -> io::Result<()> {
        let to = self.at(at);
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(to, text)
    }

    /// Adds a folder unchanged.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn folder(&self, folder: &str) -> io::Result<()> {
        let to = self.at(folder);
        fs::create_dir_all(&to)?;
        run(Command::new("cp").args(["-r", "--no-target-directory", folder]).arg(to)).map(drop)
    }

    /// Adds Debian's Python.
    ///
    /// # Errors
    /// If the machine has no Python.
    pub fn python(&self, at: &str) -> io::Result<()> {
        let ask = |what: &str| run(Command::new("/usr/bin/python3").args(["-I", "-c", what]));
        self.program(Path::new(ask("import os, sys; print(os.path.realpath(sys.executable))")?.trim()), at)?;
        self.folder(ask("import os; print(os.path.dirname(os.__file__))")?.trim())
    }

    /// The current location of a path of the image.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// All of it as one archive.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn archive(&self) -> io::Result<PathBuf> {
        let archive = self.root.with_extension("tar");
        // Users of the image need not be root, and the umask of the build must not lock them out.
        let tar = ["--mode=a+rX", "--owner=0", "--group=0", "--numeric-owner", "-C"];
        run(Command::new("tar").args(tar).arg(&self.root).arg("-cf").arg(&archive).arg("."))?;
        Ok(archive)
    }
}

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}

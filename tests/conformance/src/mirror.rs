//! The commands of a page, run unchanged.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::docs::{commands, printed};

/// The separator between the output of two commands.
const MARK: &str = "=== end of a command, with code";

/// A copy of the repository, in which commands may write.
#[derive(Debug)]
pub struct Mirror(TempDir);

impl Mirror {
    /// A copy of the tracked files as they are in the work tree. Only the build output, `target`, is a link.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn of(root: &Path) -> io::Result<Self> {
        let mirror = tempfile::tempdir()?;
        for name in tracked(root)? {
            let (from, to) = (root.join(&name), mirror.path().join(&name));
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            // A file that was removed but not yet committed cannot be copied.
            if from.exists() {
                fs::copy(from, to)?;
            }
        }
        let built = root.join("target");
        if built.exists() {
            symlink(built, mirror.path().join("target"))?;
        }
        Ok(Self(mirror))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The files of the repository, without those that a reader who followed a page wrote there.
fn tracked(root: &Path) -> io::Result<Vec<String>> {
    // As root, git refuses a checkout that belongs to somebody else.
    let git = ["-c", "safe.directory=*", "ls-files", "-z"];
    let listed = Command::new("git").arg("-C").arg(root).args(git).output()?;
    if !listed.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).into_owned()));
    }
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(names.split_terminator('\0').map(str::to_owned).collect())
}

/// Runs the commands of a block in one shell, between these lines, and compares their outputs with the page's.
/// Exit codes in `answers` are not failures.
///
/// # Errors
/// The first command that failed or printed other output than the page.
pub fn run(bash: &mut Command, block: &str, (before, after): (&str, &str), answers: &[&str]) -> Result<(), String> {
    let commands = commands(block)?;
    let script: String =
        commands.iter().map(|(command, _)| format!("{{ {command}\n}} 2>&1\nprintf '\\n{MARK} %s\\n' $?\n")).collect();
    let output = bash.arg("-c").arg(format!("{before}\n{script}{after}\n")).output();
    let output = output.map_err(|error| format!("bash: {error}"))?;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut rest = output.as_str();
    for (command, expected) in &commands {
        let ended = rest.split_once(&format!("\n{MARK} ")).and_then(|(got, tail)| Some((got, tail.split_once('\n')?)));
        let (got, (code, tail)) = ended.ok_or_else(|| format!("`{command}` did not end\n{rest}"))?;
        rest = tail;
        let got: Vec<&str> = got.trim_end().lines().map(str::trim_end).collect();
        let mut expected: Vec<&str> = expected.iter().map(|line| line.trim_end()).collect();
        while expected.last().is_some_and(|line| line.is_empty()) {
            expected.pop();
        }
        if !answers.contains(&code) || !printed(&expected, &got) {
            return Err(format!("`{command}` ended with {code} and printed\n{}", got.join("\n")));
        }
    }
    Ok(())
}

//! The digests of files, in the format of `sha256sum`.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path};

use crate::layout::File;

/// Largest text that is read, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// Pairs of a path and a digest. During a change, a path has two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Digests(BTreeSet<(String, String)>);

impl Digests {
    /// Of these files.
    pub(crate) fn of(files: &[File]) -> Self {
        Self(files.iter().map(|file| (file.path.clone(), digest(file.text.as_bytes()))).collect())
    }

    /// Reads a file; one that does not exist has none. `None`: it is a link, or not a text of [`Digests`].
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let about = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Self::default()),
            about => about.ok()?,
        };
        let text = fs::read_to_string(path).ok().filter(|_| about.is_file() && about.len() <= MAX_TEXT)?;
        text.lines().map(line).collect::<Option<_>>().map(Self)
    }

    /// Whether the file is here with its digest. A link never is.
    pub(crate) fn has(&self, path: &str, file: &Path) -> bool {
        let is_plain = file.symlink_metadata().is_ok_and(|about| about.is_file());
        is_plain && fs::read(file).is_ok_and(|text| self.0.contains(&(path.to_owned(), digest(&text))))
    }

    /// The paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(path, _)| path)
    }

    /// These and the others.
    pub(crate) fn and(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }
}

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(path, digest)| writeln!(f, "{digest}  {path}"))
    }
}

/// The path and the digest of a line. A path may not lead out of the folder.
fn line(text: &str) -> Option<(String, String)> {
    let (digest, path) = text.split_once("  ")?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let is_below = !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    (is_digest && is_below).then(|| (path.to_owned(), digest.to_owned()))
}

fn digest(text: &[u8]) -> String {
    hmac_sha256::Hash::hash(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Writes the documents of a file in the other form, by edits of its text: all else stays as it is, byte by byte.

mod documents;
mod edits;
mod entries;
mod lengthen;
mod shorten;
mod source;
mod verify;

use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::embedded::read_all;
use crate::report::Report;
use crate::short;
use crate::syntax;
use documents::documents;
use edits::Edits;
use source::Source;

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Requests as texts, transitions as chains, actors in a namespace.
    Short,
    /// Each key written out.
    Long,
}

/// Why a file is left as it is.
#[derive(Debug, Error)]
pub enum RewriteError {
    /// It has errors: these are all diagnostics.
    #[error("the file has errors")]
    Invalid(Vec<Diagnostic>),
    /// The result would not be the same documents with the same comments.
    #[error("this file is written in a way that cannot be kept")]
    NotKept,
}

/// The file with its documents, and those of gates' configurations, in this form; none if it has neither. A part with a
/// comment within stays in its form, and so does a configuration that is the text of a string.
///
/// The result has been read again: it has the same values, digests and comments. Rewriting it again changes nothing.
///
/// # Errors
/// A file with errors, and one that could not be kept.
pub fn rewrite(file: &str, form: Form) -> Result<Option<String>, RewriteError> {
    let (mark, text) = file.strip_prefix(BYTE_ORDER_MARK).map_or(("", file), |text| (BYTE_ORDER_MARK, text));
    let outcomes = read_all(text.as_bytes());
    if outcomes.is_empty() {
        return Ok(None);
    }
    if outcomes.iter().any(|outcome| outcome.checked.is_none()) {
        return Err(RewriteError::Invalid(outcomes.into_iter().flat_map(|outcome| outcome.diagnostics).collect()));
    }
    let mut roots = syntax::parse_all(text.as_bytes(), &mut Report::new());
    let source = Source::of(text, &roots);
    let mut edits = Edits::of(&source);
    match form {
        Form::Short => documents(&mut roots).for_each(|workflow| shorten::document(workflow, &source, &mut edits)),
        Form::Long => {
            let mut written_out = syntax::parse_all(text.as_bytes(), &mut Report::new());
            let long = documents(&mut written_out).map(|workflow| {
                short::write_out(workflow, text, &mut Report::new());
                &*workflow
            });
            for (workflow, long) in documents(&mut roots).zip(long) {
                lengthen::document(workflow, long, &source, &mut edits);
            }
        }
    }
    let result = edits.apply();
    if !verify::is_kept(text, &result) {
        return Err(RewriteError::NotKept);
    }
    Ok(Some(format!("{mark}{result}")))
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

//! `stepgate fmt`: documents in their short form, or in their long one.

use std::path::{Path, PathBuf};

use stepgate_config::{Form, RewriteError, rewrite};

use super::answer::{Answer, EXIT_CODES};
use super::check::files::{Found, expand};
use super::error::CommandError;
use super::source::{self, Source};
use super::{output, replace};

/// Writes workflow documents in their short form, or in their long one.
///
/// Only the form changes: comments, other keys, other documents of the file, and all digests stay, which the command checks
/// before it writes. A part with a comment within stays in its form.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Documents, gate configurations or manifests, YAML or JSON; `-`: standard input. Of a folder, or of a pattern, all
    /// files that have one, as for `check`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The long form
    #[arg(long)]
    long: bool,
    /// Change the files. Without it, the text of one file is printed
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// List the files that are not in this form, and change nothing: exit code 1 if there are any
    #[arg(long)]
    check: bool,
}

/// A file with its text, and the text in the other form.
struct Rewritten {
    path: PathBuf,
    old: String,
    new: String,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let form = if args.long { Form::Long } else { Form::Short };
    if args.write && args.files.iter().any(|path| source::is_stdin(path)) {
        return Err(CommandError::usage("--write changes files, and `-` is none"));
    }
    let mut all = Vec::new();
    let mut failure: Option<CommandError> = None;
    for found in expand(&args.files) {
        let rewritten = match found {
            Found::Nothing { argument, reason } => {
                Err(CommandError::failed(format!("`{}`: {reason}", source::name_of(&argument))))
            }
            Found::File { path, is_named } => rewritten(&path, is_named, form),
        };
        match rewritten {
            Ok(rewritten) => all.extend(rewritten),
            // One file does not keep the others from being written.
            Err(error) => {
                output::print_error(&error);
                let is_document = matches!(error, CommandError::InvalidDocument | CommandError::Document(_));
                if !is_document || failure.is_none() {
                    failure = Some(if is_document { CommandError::InvalidDocument } else { CommandError::Unreadable });
                }
            }
        }
    }
    let is_printed = !args.write && !args.check;
    if is_printed && all.len() > 1 {
        return Err(CommandError::usage("one file can be printed, and these are several")
            .help("`--write` changes them, `--check` lists those that would change"));
    }
    if is_printed {
        all.iter().try_for_each(|file| output::print_exactly(&file.new))?;
    }
    let changed: Vec<&Rewritten> = all.iter().filter(|file| file.old != file.new).collect();
    if !is_printed {
        for file in &changed {
            if args.write {
                replace::replace(&file.path, &file.old, &file.new)?;
            }
            output::print(&source::name_of(&file.path))?;
        }
    }
    let answer = Answer::of(!args.check || changed.is_empty());
    failure.map_or(Ok(answer), Err)
}

/// The file in this form; none if it is not named and has no document.
fn rewritten(path: &Path, is_named: bool, form: Form) -> Result<Option<Rewritten>, CommandError> {
    let Source { name, text } = Source::read(path)?;
    let old = match String::from_utf8(text) {
        Ok(text) => text,
        Err(_) if !is_named => return Ok(None),
        Err(_) => return Err(source::SourceError::NotUtf8(name).into()),
    };
    match rewrite(&old, form) {
        Ok(Some(new)) => Ok(Some(Rewritten { path: path.to_owned(), old, new })),
        Ok(None) if is_named => Err(CommandError::document(format!("`{name}` has no document"))),
        Ok(None) => Ok(None),
        Err(RewriteError::Invalid(found)) => Err(Source { name, text: old.into_bytes() }.reject(&found)),
        Err(error @ RewriteError::NotKept) => Err(CommandError::document(format!("`{name}`: {error}"))
            .help("nothing of it was changed: write the parts that you mean in the other form yourself")),
    }
}

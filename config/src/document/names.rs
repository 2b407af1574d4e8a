//! Looking up tasks and actors by name.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};
use crate::sorted::{SortedMap, SortedSet};
use crate::syntax::Entry;

/// The names of a document's tasks, or of its actors: as written, and the index of each valid one in the draft.
pub(super) struct Names<'t, 'a> {
    written: &'t [Entry<'a>],
    all: SortedSet<&'t str>,
    indexes: SortedMap<String, usize>,
}

impl<'t, 'a> Names<'t, 'a> {
    pub(super) fn of<'n>(written: &'t [Entry<'a>], valid: impl Iterator<Item = &'n str>) -> Self {
        let all = written.iter().map(|entry| &*entry.key).collect();
        Self { written, all, indexes: valid.enumerate().map(|(index, name)| (name.to_owned(), index)).collect() }
    }

    /// The index of the task called `name`. An unknown task is reported; `context` begins the message.
    pub(super) fn task(&self, name: &str, span: Span, context: &str, report: &mut Report) -> Option<usize> {
        self.find(name, span, (Code::UnknownTask, context, "task"), report)
    }

    /// The index of the actor called `name`. An unknown actor is reported; `context` begins the message.
    pub(super) fn actor(&self, name: &str, span: Span, context: &str, report: &mut Report) -> Option<usize> {
        self.find(name, span, (Code::UnknownActor, context, "actor"), report)
    }

    fn find(
        &self,
        name: &str,
        span: Span,
        (code, context, noun): (Code, &str, &str),
        report: &mut Report,
    ) -> Option<usize> {
        let index = self.indexes.get(name).copied();
        // An entry with errors of its own has been reported.
        if index.is_none() && !self.all.contains(name) {
            let help = report.did_you_mean_at(name, self.written.iter().map(|entry| (&*entry.key, entry.key_span)));
            let message = words!("{context} unknown {noun} {}", quote(name));
            let label = words!("no {noun} has this name");
            report.push(Diagnostic::new(code, span, message).label(label).maybe_help(help));
        }
        index
    }
}

//! The keys of the language, declared once, as tables. The checks of inputs, defaults, the JSON Schema and the reference
//! are derived from them.

mod check;
mod document;
mod elsewhere;
mod fields;
mod format;
mod format_error;
mod gate;
mod json_schema;
mod key;
mod lexical;
mod reference;

pub(crate) use check::check;
pub(crate) use document::DOCUMENT;
pub(crate) use fields::{Field, Fields};
pub(crate) use format::{Format, rate, spiffe_id};
pub(crate) use gate::GATE;
pub use json_schema::json_schema;
pub(crate) use key::{Key, Need, Object, Value};
pub(crate) use lexical::{is_namespace, reaches_both};
pub use reference::reference_markdown;

/// The two kinds of input that this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A workflow document.
    Workflow,
    /// A gate's configuration.
    Gate,
}

impl Language {
    /// The object that a whole input is.
    fn root(self) -> &'static Object {
        match self {
            Self::Workflow => &DOCUMENT,
            Self::Gate => &GATE,
        }
    }
}

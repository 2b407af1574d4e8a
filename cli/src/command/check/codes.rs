//! `--explain`: the meaning of a code.

use stepgate_config::{Code, Severity};
use stepgate_decision::Code as DenialCode;

use crate::command::output::{BAD, CARE, STRONG};

/// A text that is not a code of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CodeError {
    #[error("a gate denies with it: docs/denials.md explains it, and `stepgate explain` a request")]
    Denial,
    #[error("codes are such as `E024`, `W001` and `N001`; docs/diagnostics.md has all")]
    Unknown,
}

/// The code with this text, in any letter case.
pub(super) fn parse(text: &str) -> Result<Code, CodeError> {
    let named = |known: &str| known.eq_ignore_ascii_case(text);
    if let Some(code) = Code::ALL.iter().find(|code| named(code.as_str())) {
        return Ok(*code);
    }
    let is_denial = DenialCode::ALL.iter().any(|code| named(code.as_str()));
    Err(if is_denial { CodeError::Denial } else { CodeError::Unknown })
}

/// Its severity and title, and the explanation.
pub(super) fn explain(code: Code) -> String {
    let severity = code.severity();
    let style = match severity {
        Severity::Error => BAD,
        Severity::Warning => CARE,
        Severity::Note => STRONG,
    };
    format!("{style}{severity}[{code}]{style:#}: {}\n\n{}\n", code.title(), code.explanation())
}

//! Answers go to the standard output, everything else to the standard error. Colour is used on a terminal only, unless
//! `NO_COLOR` or `CLICOLOR_FORCE` is set.

use std::io::{IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::error::CommandError;

pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const CARE: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// Prints an answer as text.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints the text of a file, byte by byte.
pub(super) fn print_exactly(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints an answer as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|e| CommandError::failed(format!("cannot write JSON: {e}")))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", escape_json(&text))?;
    Ok(out.flush()?)
}

/// Prints an answer, as JSON or as text.
pub(super) fn print_as(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), CommandError> {
    if json { print_json(value) } else { print(&text()) }
}

/// Prints a warning. A warning that cannot be printed is not an error.
pub(super) fn warn(text: &str) {
    let _ = writeln!(anstream::stderr(), "{CARE}warning{CARE:#}: {text}");
}

/// Prints a text beside the answer.
pub(super) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
}

/// Prints an error, unless it has been printed.
pub(super) fn print_error(error: &CommandError) {
    let Some(message) = error.message() else { return };
    let mut err = anstream::stderr();
    let _ = writeln!(err, "{BAD}error{BAD:#}: {message}");
    if let Some(help) = &message.help {
        let _ = writeln!(err, "  {STRONG}={STRONG:#} help: {help}");
    }
}

/// Whether the standard output is coloured.
pub(super) fn colours_answers() -> bool {
    AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}

/// Whether the standard error is coloured.
pub(super) fn colours_errors() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Tells the user at a terminal that the command waits for typed input.
pub(super) fn prompt_for(what: &str) {
    if std::io::stdin().is_terminal() {
        let _ = writeln!(anstream::stderr(), "{FAINT}reading {what} from the terminal; Ctrl-D ends it{FAINT:#}");
    }
}

/// One thing, or several: `1 error`, `2 errors`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A foreign text on one line of a terminal, without characters that control the terminal.
pub(super) fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if is_control(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Controls (C0, DEL, C1), and characters that change the direction of writing, so that a text looks like another one.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON without characters that control a terminal. JSON itself escapes only C0; the others occur in strings only,
/// where an escape has the same meaning.
fn escape_json(json: &str) -> String {
    let escaped = |c: char| format!("\\u{:04x}", u32::from(c)).chars().collect();
    json.chars().flat_map(|c| if is_control(c) && c != '\n' { escaped(c) } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests;

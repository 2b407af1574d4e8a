//! Answers on the standard output, everything else on the standard error. Colour only on a terminal
//! (and as `NO_COLOR` and `CLICOLOR_FORCE` ask).

use std::io::{IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::failure::Failure;

pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const CARE: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// Writes an answer for people.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes an answer for machines.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|e| Failure::impossible(format!("cannot write JSON: {e}")))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Tells people something beside the answer. That it cannot be told is no reason to fail.
pub(super) fn warn(text: &str) {
    let _ = writeln!(anstream::stderr(), "{CARE}warning{CARE:#}: {text}");
}

/// Shows what is wrong with a document, where that is not the answer.
pub(super) fn show(rendered: &str) {
    let _ = writeln!(anstream::stderr(), "{}", rendered.trim_end());
}

/// Tells why there is no answer.
pub(super) fn tell(failure: &Failure) {
    match failure {
        Failure::Refused | Failure::Shown | Failure::Unheard => {}
        Failure::Document(trouble) | Failure::Usage(trouble) | Failure::Impossible(trouble) => {
            let mut err = anstream::stderr();
            let _ = writeln!(err, "{BAD}error{BAD:#}: {}", trouble.what);
            if let Some(help) = &trouble.help {
                let _ = writeln!(err, "  {STRONG}={STRONG:#} help: {help}");
            }
        }
    }
}

/// Whether the standard output wants colour.
pub(super) fn colours_answers() -> bool {
    AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}

/// Whether the standard error wants colour.
pub(super) fn colours_errors() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Says that somebody has to type, where it is a person who would.
pub(super) fn ask_for(what: &str) {
    if std::io::stdin().is_terminal() {
        let _ = writeln!(anstream::stderr(), "{FAINT}reading {what} from the terminal; Ctrl-D ends it{FAINT:#}");
    }
}

/// One thing, or several: `1 error`, `2 errors`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A text of somebody else's on one line of a terminal: no control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

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
    writeln!(out, "{}", tame(&text))?;
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

/// A text of somebody else's on one line of a terminal: nothing that a terminal obeys.
pub(super) fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if is_obeyed(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Controls (C0, DEL, C1), and what turns the direction of writing so that a text looks like another.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON as it is, but for what a terminal obeys. JSON itself escapes only C0; all others can stand only in a
/// string, where an escape means the same.
fn tame(json: &str) -> String {
    let escape = |c: char| format!("\\u{:04x}", u32::from(c)).chars().collect();
    json.chars().flat_map(|c| if is_obeyed(c) && c != '\n' { escape(c) } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBEYED: &str = "\u{1b}[2J\r\u{7f}\u{9b}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}";

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        let shown = plain(&format!("é{OBEYED}✓"));
        assert!(shown.starts_with("é\\u{1b}[2J\\r\\u{7f}") && shown.ends_with("\\u{2069}✓"), "{shown}");
        assert!(!shown.chars().any(is_obeyed), "{shown}");
    }

    #[test]
    fn json_means_the_same_without_it() {
        let value = serde_json::json!({"sub": OBEYED, "名": "✓"});
        let shown = tame(&serde_json::to_string_pretty(&value).unwrap());
        assert!(shown.contains("\\u202e") && shown.contains('✓'), "{shown}");
        assert!(!shown.chars().any(|c| is_obeyed(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}

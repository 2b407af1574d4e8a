//! Tables for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

/// Widest cell: one long path must not push all columns after it off the screen.
const MAX_CELL: usize = 60;

/// Colours, where they are wanted.
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn good(&self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub(super) fn bad(&self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    pub(super) fn faint(&self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(&self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Columns as wide as their widest cell; colours count for nothing. The last column pushes nothing aside, so
/// it is as long as it is.
pub(super) fn table(text: &mut String, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let last = heads.len().saturating_sub(1);
    let fit = |row: Vec<String>| -> Vec<String> {
        row.into_iter().enumerate().map(|(at, cell)| if at < last { cut(&cell) } else { cell }).collect()
    };
    let heads_first = std::iter::once(heads.iter().map(|head| (*head).to_owned()).collect());
    let rows: Vec<Vec<String>> = heads_first.chain(rows).map(fit).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| visible(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width.saturating_sub(visible(cell));
            let _ = write!(line, "  {cell}{}", " ".repeat(pad));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// At most as much as a cell holds. What is longer loses its colour too: no sequence may be cut in two.
pub(super) fn cut(cell: &str) -> String {
    if visible(cell) <= MAX_CELL {
        return cell.to_owned();
    }
    let bare = anstream::adapter::strip_str(cell).to_string();
    bare.chars().take(MAX_CELL.saturating_sub(1)).chain(['…']).collect()
}

fn visible(cell: &str) -> usize {
    anstream::adapter::strip_str(cell).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cell_is_cut_and_the_last_is_not() {
        let (long, mut text) = ("/x".repeat(200), String::new());
        table(&mut text, &["a", "b", "c"], [vec!["1".into(), long.clone(), long.clone()]].into_iter());
        let row = text.lines().last().unwrap();
        assert_eq!(row, format!("  1  {}/…  {long}", "/x".repeat(29)));
    }

    #[test]
    fn colours_take_no_room() {
        let red = Paint(true).bad(&"x".repeat(60));
        assert_eq!(cut(&red), red);
        assert_eq!(cut(&Paint(true).bad(&"x".repeat(61))), format!("{}…", "x".repeat(59)));
    }
}

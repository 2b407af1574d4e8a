//! Tables for people: aligned columns, no borders.

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, Row, Table, Width};

/// Widest cell: one long path must not push all columns after it off the screen.
const MAX_CELL: u16 = 60;
/// Columns are two blanks apart.
const GAP: u16 = 2;

/// How a text is shown, if colours are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
    Faint,
}

impl Tone {
    /// A text outside a table.
    pub(super) fn paint(self, text: &str, colour: bool) -> String {
        let style = match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Faint => Style::new().dimmed(),
        };
        if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A text in a table.
    pub(super) fn cell(self, text: impl ToString) -> Cell {
        let cell = Cell::new(text);
        match self {
            Self::Plain => cell,
            Self::Good => cell.fg(Color::DarkGreen),
            Self::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
            Self::Faint => cell.add_attribute(Attribute::Dim),
        }
    }
}

/// Columns as wide as their widest cell. Cells are cut at [`MAX_CELL`], but for those of the last column, which push
/// nothing aside.
pub(super) fn table(heads: &[&str], rows: impl Iterator<Item = Vec<Cell>>, colour: bool) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_truncation_indicator("…").set_header(heads);
    if colour {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table.add_rows(rows.map(|cells| {
        let mut row = Row::from(cells);
        row.max_height(1);
        row
    }));
    let last = heads.len().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((GAP, 0));
        if at < last {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(MAX_CELL.saturating_add(GAP))));
        }
    }
    format!("{}\n", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cell_is_cut_and_the_last_is_not() {
        let long = "/x".repeat(200);
        let cells = vec![Tone::Plain.cell(1), Tone::Plain.cell(&long), Tone::Plain.cell(&long)];
        let text = table(&["a", "b", "c"], std::iter::once(cells), false);
        let row = text.lines().last().unwrap();
        assert_eq!(row, format!("  1  {}/…  {long}", "/x".repeat(29)));
    }

    #[test]
    fn colours_take_no_room() {
        let rows =
            || [["x", "a"], ["longer", "b"]].map(|[one, other]| vec![Tone::Bad.cell(one), Tone::Good.cell(other)]);
        let (plain, colours) =
            (table(&["h", "i"], rows().into_iter(), false), table(&["h", "i"], rows().into_iter(), true));
        assert_eq!(plain, "  h       i\n  x       a\n  longer  b\n");
        assert!(colours.contains('\u{1b}') && anstream_free(&colours) == plain, "{colours:?}");
    }

    /// The text without its escape sequences, and without blanks at the ends of lines.
    fn anstream_free(text: &str) -> String {
        let parts: Vec<&str> = text.split('\u{1b}').collect();
        let bare: String = parts
            .iter()
            .enumerate()
            .map(|(at, part)| if at == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) })
            .collect();
        bare.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

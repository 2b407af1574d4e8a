//! The figures, for people and for programs.

use serde_json::{Value, json};

use super::rows::{Row, Spread};

/// All figures, and the load of the machine before and after.
#[derive(Debug, Clone)]
pub struct Report {
    /// The rows, group by group.
    pub rows: Vec<Row>,
    /// `/proc/loadavg`, before and after: figures of a busy machine are less reliable.
    pub load: [String; 2],
}

impl Report {
    /// A table for each group.
    pub fn table(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let [before, after] = &self.load;
        let mut lines = vec![format!("{cores} cores, load {before} before, {after} after")];
        let mut group = "";
        for row in &self.rows {
            if group != row.group {
                group = row.group;
                lines.push(format!("\n{group}"));
                lines.push(format!(
                    "  {:<28} {:>14} {:>17} {:>12} {:>8} {:>16}",
                    "", "median", "quartiles", "added", "ratio", "quartiles"
                ));
            }
            let Spread { low, median, high } = row.value;
            let value = format!("{} {}", figure(median), row.unit);
            let around = format!("{} - {}", figure(low), figure(high));
            let added = row.added.map_or_else(String::new, |added| format!("{} {}", figure(added), row.unit));
            let (ratio, spread) = row.ratio.map_or_else(
                || (String::new(), String::new()),
                |ratio| (format!("{:.2}", ratio.median), format!("{:.2} - {:.2}", ratio.low, ratio.high)),
            );
            let line = format!("  {:<28} {value:>14} {around:>17} {added:>12} {ratio:>8} {spread:>16}", row.label);
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let spread = |spread: Spread| json!({"low": spread.low, "median": spread.median, "high": spread.high});
        let row = |row: &Row| {
            json!({
                "group": row.group, "label": row.label, "unit": row.unit,
                "value": spread(row.value), "ratio": row.ratio.map(spread), "added": row.added,
            })
        };
        json!({"load": self.load, "rows": self.rows.iter().map(row).collect::<Vec<_>>()})
    }
}

/// Three significant digits.
fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

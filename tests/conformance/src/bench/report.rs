//! The figures, for people, for programs and for the documentation.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::figure::figure;
use super::goals::{Goal, goals};
use super::picture::picture;
use super::rows::{Row, Spread};

/// All figures, and what they were measured on.
#[derive(Debug, Clone)]
pub struct Report {
    /// The rows, group by group.
    pub rows: Vec<Row>,
    /// When it began.
    pub date: String,
    /// The version of Envoy.
    pub envoy: String,
    /// `/proc/loadavg`, before and after: figures of a busy machine are less reliable.
    pub load: [String; 2],
}

impl Report {
    /// The goals, with the figures of this run.
    pub fn goals(&self) -> Vec<Goal> {
        goals(&self.rows)
    }

    fn caption(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let [before, after] = &self.load;
        format!("{}, Envoy {}, {cores} cores, load {before} before, {after} after", self.date, self.envoy)
    }

    /// A table for each group, and one of the goals.
    pub fn table(&self) -> String {
        let mut lines = vec![self.caption()];
        let mut group = "";
        for row in &self.rows {
            if group != row.group {
                group = &row.group;
                lines.push(format!("\n{group}"));
                lines.push(format!(
                    "  {:<28} {:>10} {:>15} {:>11} {:>15} {:>6} {:>8} {:>9}",
                    "", "median", "quartiles", "added", "quartiles", "ratio", "of empty", "of native"
                ));
            }
            let value = format!("{} {}", figure(row.value.median), row.unit);
            let added = row.added.map(|added| format!("{} {}", figure(added.median), row.unit)).unwrap_or_default();
            let around_added = row.added.map(around).unwrap_or_default();
            let times = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let line = format!(
                "  {:<28} {value:>10} {:>15} {added:>11} {around_added:>15} {:>6} {:>8} {:>9}",
                row.label,
                around(row.value),
                times(row.ratio),
                times(row.of_empty),
                times(row.of_native),
            );
            lines.push(line.trim_end().to_owned());
        }
        lines.push(format!("\nthe goals\n  {:<64} {:>9} {:>9}", "", "goal", "measured"));
        for goal in self.goals() {
            let measured = goal.measured.map(figure).unwrap_or_default();
            let missed = if goal.is_met() { "" } else { "missed" };
            let line = format!("  {:<64} {:>9} {measured:>9} {:<3} {missed}", goal.what, figure(goal.goal), goal.unit);
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
                "value": spread(row.value), "added": row.added.map(spread), "ratio": row.ratio,
                "of_empty": row.of_empty, "of_native": row.of_native,
            })
        };
        let goal = |goal: &Goal| {
            json!({
                "what": goal.what, "rows": goal.rows, "unit": goal.unit,
                "goal": goal.goal, "reach": goal.reach, "measured": goal.measured, "met": goal.is_met(),
            })
        };
        json!({
            "date": self.date, "envoy": self.envoy, "load": self.load,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "goals": self.goals().iter().map(goal).collect::<Vec<_>>(),
        })
    }

    /// The same for the documentation, in Markdown.
    pub fn markdown(&self, picture: &str) -> String {
        let mut text = format!(
            "Measured with `make bench`: {}.\n\n![the added processor time, time to serve and memory]({picture})\n\n\
             | what | its rows below | goal | reach for | measured | met |\n| --- | --- | --- | --- | --- | --- |\n",
            self.caption()
        );
        for goal in self.goals() {
            let unit = |value: f64| format!("{} {}", figure(value), goal.unit).trim_end().to_owned();
            let [reach, measured] = [goal.reach, goal.measured].map(|value| value.map(unit).unwrap_or_default());
            let met = if goal.is_met() { "yes" } else { "**no**" };
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {reach} | {measured} | {met} |",
                goal.what,
                goal.rows,
                unit(goal.goal)
            );
        }
        text + &format!("\n```text\n{}\n```\n", self.table())
    }

    /// The same as a picture, in SVG.
    pub fn picture(&self) -> String {
        picture(&self.rows, &self.caption())
    }
}

fn around(spread: Spread) -> String {
    format!("{} - {}", figure(spread.low), figure(spread.high))
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Label, rows};
    use super::*;

    fn report() -> Report {
        let labels = ["its code", "its data"].map(Label::from);
        let rows =
            labels.iter().zip([0.5, 0.2]).flat_map(|(label, size)| rows("the module", "MB", &[*label], &[vec![size]]));
        Report {
            rows: rows.collect(),
            date: "2026-11-27 21:51 UTC".to_owned(),
            envoy: "1.40.0".to_owned(),
            load: ["1.00".to_owned(), "2.00".to_owned()],
        }
    }

    #[test]
    fn people_and_programs_get_the_same_figures() {
        let (table, json) = (report().table(), report().json());
        assert!(table.contains("its code") && table.contains("0.50 MB"), "{table}");
        assert!(table.lines().any(|line| line.contains("its data") && line.ends_with("missed")), "{table}");
        assert_eq!(json["rows"][1]["value"]["median"], 0.2);
        assert_eq!((&json["goals"][0]["met"], &json["goals"][1]["met"]), (&true.into(), &false.into()));
    }

    #[test]
    fn the_page_has_the_picture_the_goals_and_the_table() {
        let page = report().markdown("p.svg");
        assert!(page.contains("2026-11-27 21:51 UTC, Envoy 1.40.0") && page.contains("](p.svg)"), "{page}");
        assert!(page.contains("| the module: its code | the module: `its code` | 0.60 MB | 0.45 MB | 0.50 MB | yes |"));
        assert!(page.contains("```text\n") && page.ends_with("```\n"), "{page}");
    }
}

//! The picture of a run: bars in SVG, for a light and a dark background.

use svg::Document;
use svg::node::element::{Line, Rectangle, Style, Text, Title};

use super::figure::figure;
use super::requests::cpu_group;
use super::rows::{Row, Spread};
use super::setup::{EMPTY, LARGE, NO_FILTER};
use super::shape::Shape;
use super::start::{self, FEW, MEMORY, READY};
use super::workflow::Level;

/// The width of everything, and of the labels, the longest bar, and a figure beside it. In pixels, as all lengths here.
const WIDTH: f64 = 840.0;
const LABELS: f64 = 220.0;
const BARS: f64 = 500.0;
const MARGIN: f64 = 20.0;
/// From a bar to the next, and of a bar.
const STEP: f64 = 24.0;
const BAR: f64 = 15.0;
/// From the top of a bar to the line on which its words are.
const BASE: f64 = 12.0;
/// From the top of a chart to its title, and from there to its bars.
const ABOVE: f64 = 28.0;
const TITLE: f64 = 12.0;
/// Of an entry of the legend.
const LEGEND: f64 = 190.0;

const STYLE: &str = "\
:root { color-scheme: light dark; }
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 15px; }
.paper { fill: #ffffff; }
.native { fill: #8c959f; }
.empty { fill: #bf8700; }
.gate { fill: #0969da; }
line { stroke: #1f2328; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .paper { fill: #0d1117; }
  .native { fill: #7d8590; }
  .empty { fill: #d29922; }
  .gate { fill: #4493f8; }
  line { stroke: #e6edf3; }
}";

/// The picture. The gates that sign in Rust are left out: their bars would leave the others no length.
pub(super) fn picture(rows: &[Row], caption: &str) -> String {
    let in_rust = |label: &str| label == Level::EdDsa.label() || label.ends_with("in Rust");
    let is_large = |label: &str| label == LARGE || rows_of_main(rows).any(|row| row.label == label);
    let charts = [
        Chart::of(rows, "Processor time of Envoy that a filter adds to a request", &cpu_group(Shape::FIRST), |label| {
            !in_rust(label)
        }),
        Chart::of(rows, "Time until Envoy serves, more than without a filter", &start::group(READY, FEW), is_large),
        Chart::of(rows, "Memory of Envoy then, more than without a filter", &start::group(MEMORY, FEW), is_large),
    ];
    let height = charts.iter().map(Chart::height).sum::<f64>() + 2.0 * MARGIN + 2.0 * STEP;
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("width", WIDTH)
        .set("height", height)
        .set("role", "img")
        .add(Title::new("The cost of the gate beside that of other filters"))
        .add(Style::new(STYLE))
        .add(Rectangle::new().set("class", "paper").set("width", WIDTH).set("height", height).set("rx", 6));
    let mut x = MARGIN;
    for (kind, words) in [("native", "Envoy's own filters"), ("empty", EMPTY), ("gate", "the gate")] {
        document = document.add(bar(kind, x, MARGIN, BAR)).add(text(words, x + BAR + 6.0, MARGIN + BASE));
        x += LEGEND;
    }
    document = document.add(text("lines: quartiles", x, MARGIN + BASE));
    let mut y = MARGIN + STEP;
    for chart in &charts {
        document = chart.draw(document, y);
        y += chart.height();
    }
    document.add(text(caption, MARGIN, y + STEP)).to_string()
}

/// The rows of the set-ups that are measured over all kinds of connections.
fn rows_of_main(rows: &[Row]) -> impl Iterator<Item = &Row> {
    let group = Shape::FURTHER.first().map(|shape| cpu_group(*shape)).unwrap_or_default();
    rows.iter().filter(move |row| row.group == group)
}

struct Chart<'a> {
    title: String,
    bars: Vec<(&'a Row, Spread)>,
}

impl<'a> Chart<'a> {
    fn of(rows: &'a [Row], title: &str, group: &str, shows: impl Fn(&str) -> bool) -> Self {
        let shown = rows.iter().filter(|row| row.group == group && row.label != NO_FILTER && shows(&row.label));
        let bars: Vec<_> = shown.filter_map(|row| Some((row, row.added?))).collect();
        let unit = bars.first().map_or("", |(row, _)| row.unit);
        // The group's own words for the connections or the workers.
        let how = group.rsplit_once("; ").map_or("", |(_, how)| how);
        Self { title: format!("{title} ({unit}; {how})"), bars }
    }

    fn height(&self) -> f64 {
        ABOVE + TITLE + STEP * self.bars.iter().map(|_| 1.0).sum::<f64>()
    }

    fn draw(&self, mut document: Document, top: f64) -> Document {
        let most = self.bars.iter().map(|(_, added)| added.high.max(added.median)).fold(f64::MIN_POSITIVE, f64::max);
        let length = |value: f64| value.clamp(0.0, most) / most * BARS;
        document = document.add(text(&self.title, MARGIN, top + ABOVE).set("class", "title"));
        let mut y = top + ABOVE + TITLE;
        for (row, added) in &self.bars {
            let [low, high] = [added.low, added.high].map(|value| LABELS + length(value));
            let end = LABELS + length(added.high.max(added.median));
            document = document
                .add(text(&row.label, LABELS - 8.0, y + BASE).set("text-anchor", "end"))
                .add(bar(class(&row.label), LABELS, y, length(added.median)))
                .add(
                    Line::new()
                        .set("x1", px(low))
                        .set("x2", px(high))
                        .set("y1", y + BAR / 2.0)
                        .set("y2", y + BAR / 2.0),
                )
                .add(text(&figure(added.median), end + 8.0, y + BASE));
            y += STEP;
        }
        document
    }
}

fn bar(class: &str, x: f64, y: f64, width: f64) -> Rectangle {
    Rectangle::new().set("class", class).set("x", px(x)).set("y", y).set("width", px(width)).set("height", BAR)
}

/// To a tenth of a pixel.
fn px(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

fn class(label: &str) -> &'static str {
    match label {
        EMPTY => "empty",
        gate if gate.starts_with("gate") => "gate",
        _ => "native",
    }
}

fn text(content: &str, x: f64, y: f64) -> Text {
    Text::new(content).set("x", px(x)).set("y", y)
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Label, rows};
    use super::*;

    fn drawn() -> String {
        let labels = [NO_FILTER, EMPTY, "gate, a < b", "gate, signed ES256, in Rust"].map(Label::from);
        let series = [10.0, 12.0, 18.0, 90.0].map(|value| vec![value]);
        picture(&rows(&cpu_group(Shape::FIRST), "µs", &labels, &series), "2026-11-27")
    }

    #[test]
    fn a_bar_is_as_long_as_its_value() {
        let drawn = drawn();
        // 8 of at most 8, and 2 of at most 8.
        assert!(drawn.contains(r#"class="gate" height="15" width="500""#), "{drawn}");
        assert!(drawn.contains(r#"class="empty" height="15" width="125""#), "{drawn}");
    }

    #[test]
    fn words_are_text_and_the_baseline_has_no_bar() {
        let drawn = drawn();
        assert!(drawn.contains("gate, a &lt; b") && drawn.contains("2026-11-27"), "{drawn}");
        assert!(!drawn.contains(NO_FILTER) && !drawn.contains("in Rust"), "{drawn}");
    }
}

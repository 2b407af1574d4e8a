//! The pages of the documentation as parts that can be tested: fenced blocks, headings, links.

use std::collections::BTreeSet;

/// The kind of a fenced block, by the text after its fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `yaml workflow`: a document without errors.
    Workflow,
    /// `yaml gate`: a gate's configuration without errors.
    Gate,
    /// `yaml`: some YAML.
    Yaml,
    /// `json`: some JSON.
    Json,
    /// `console`: commands after `$ `, each followed by its output.
    Console,
    /// `console walk`: the same, in a cluster; `tests/cluster/tests/walkthrough` runs them.
    Walk,
    /// `console norun reason="…"`, `sh norun reason="…"`: commands that another test runs.
    NotRun,
    /// `LANGUAGE from="FILE"`: lines of that file, in its order.
    From(String),
    /// `mermaid`, `text`: for people.
    Free,
}

impl Kind {
    fn of(info: &str) -> Option<Self> {
        let not_run = ["console norun ", "sh norun "].iter().any(|start| {
            let reason = info.strip_prefix(start).and_then(|rest| rest.strip_prefix("reason=\""));
            reason.and_then(|rest| rest.strip_suffix('"')).is_some_and(|reason| !reason.is_empty())
        });
        let (language, from) = info.split_once(" from=\"").unwrap_or_default();
        if let Some(file) = from.strip_suffix('"').filter(|_| language.chars().all(char::is_alphabetic)) {
            return Some(Self::From(file.to_owned()));
        }
        match info {
            "yaml workflow" => Some(Self::Workflow),
            "yaml gate" => Some(Self::Gate),
            "yaml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "console" => Some(Self::Console),
            "console walk" => Some(Self::Walk),
            "mermaid" | "text" => Some(Self::Free),
            _ => not_run.then_some(Self::NotRun),
        }
    }
}

/// A fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    /// Its kind; the text after the fence if it names no kind.
    pub kind: Result<Kind, String>,
    /// Its content.
    pub text: String,
}

/// A parsed page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
    /// The anchors of its headings, as GitHub makes them.
    pub anchors: BTreeSet<String>,
    /// The text of its headings.
    pub headings: Vec<String>,
    /// The targets of its links, each with its line.
    pub links: Vec<(usize, String)>,
    /// Its code spans.
    pub code: Vec<String>,
}

impl Page {
    /// Parses a page.
    pub fn of(text: &str) -> Self {
        let mut page = Self::default();
        let mut open: Option<Block> = None;
        for (line, content) in (1_usize..).zip(text.lines()) {
            match (&mut open, content.strip_prefix("```")) {
                (Some(_), Some(_)) => page.blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(content);
                    block.text.push('\n');
                }
                (None, Some(info)) => {
                    open =
                        Some(Block { line, kind: Kind::of(info).ok_or_else(|| info.to_owned()), text: String::new() });
                }
                (None, None) => page.prose(line, content),
            }
        }
        // A block without an end has no kind.
        page.blocks.extend(open.map(|block| Block { kind: Err("no end".to_owned()), ..block }));
        page
    }

    fn prose(&mut self, line: usize, content: &str) {
        if let Some(heading) = content.trim_start_matches('#').strip_prefix(' ').filter(|_| content.starts_with('#')) {
            self.headings.push(heading.to_owned());
            let slug = slug(heading);
            let again = (1_u32..).map(|n| format!("{slug}-{n}"));
            let anchor = std::iter::once(slug.clone()).chain(again).find(|anchor| !self.anchors.contains(anchor));
            self.anchors.extend(anchor);
        }
        let mut outside = String::new();
        for (at, part) in content.split('`').enumerate() {
            if at % 2 == 0 {
                outside.push_str(part);
            } else {
                self.code.push(part.to_owned());
            }
        }
        let targets = outside.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        self.links.extend(targets.map(|(target, _)| (line, target.to_owned())));
    }
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The commands of a `console` block, each with the lines that it should print.
///
/// # Errors
/// If the block does not begin with a command.
pub fn commands(block: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
            (None, Some((_, printed))) => printed.push(line.to_owned()),
            (None, None) => return Err(format!("`{line}` comes before any command")),
        }
    }
    Ok(commands)
}

/// Whether these lines match the expected ones: `...` alone matches any lines, within a line any text.
pub fn printed(expected: &[&str], got: &[&str]) -> bool {
    match (expected.split_first(), got.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((&"...", rest)), _) => {
            (0..=got.len()).any(|skip| got.get(skip..).is_some_and(|tail| printed(rest, tail)))
        }
        (Some((line, rest)), Some((first, tail))) => like(line, first) && printed(rest, tail),
        (Some(_), None) => false,
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut left) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return left.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some((_, rest)) = left.split_once(part) else { return false };
        left = rest;
    }
    true
}

/// The text with the part between two marks replaced; none if a mark is missing.
pub fn between(text: &str, name: &str, new: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (head, rest) = text.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    Some(format!("{head}{begin}{new}{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::of(
            "# A `B_C`, d!\n[x](y.md#z) `[n](o)`\n## A `B_C`, d!\n```yaml gate\na\n```\n```rust\n```\n```text\n",
        );
        assert_eq!(page.anchors, BTreeSet::from(["a-b_c-d".to_owned(), "a-b_c-d-1".to_owned()]));
        assert_eq!(page.links, [(2, "y.md#z".to_owned())]);
        let kinds: Vec<_> = page.blocks.iter().map(|block| block.kind.clone()).collect();
        assert_eq!(kinds, [Ok(Kind::Gate), Err("rust".to_owned()), Err("no end".to_owned())]);
        assert_eq!(page.blocks[0].text, "a\n");
        assert!(Kind::of("sh").is_none() && Kind::of("sh norun reason=\"\"").is_none());
        assert_eq!(Kind::of("go from=\"a.go\""), Some(Kind::From("a.go".to_owned())));
        assert!(Kind::of("go from=\"a.go").is_none() && Kind::of("console walk from=\"a\"").is_none());
    }

    #[test]
    fn dots_stand_for_what_differs() {
        assert!(printed(&["a", "...", "b ... c"], &["a", "x", "y", "b z c"]));
        assert!(printed(&["a", "..."], &["a"]));
        assert!(!printed(&["a"], &["a", "b"]));
        assert!(!printed(&["a", "b"], &["a"]));
        assert!(!like("a...c", "ab") && like("a...b...c", "a1b2c") && !like("abc", "abcd"));
    }
}

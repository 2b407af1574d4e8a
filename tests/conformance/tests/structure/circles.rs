//! Circles of files: each file of one reaches each other by uses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::tree::Tree;
use crate::uses::{Arrow, arrows};

/// Files that use each other, and the uses between them.
pub(crate) struct Circle {
    pub(crate) files: Vec<PathBuf>,
    arrows: Vec<Arrow>,
}

/// All circles of a target.
pub(crate) fn circles(tree: &Tree) -> Vec<Circle> {
    let arrows = arrows(tree);
    let mut graph = DiGraph::<PathBuf, ()>::new();
    let mut nodes = BTreeMap::new();
    for Arrow { from, to, .. } in &arrows {
        let [from, to] = [from, to].map(|file| *nodes.entry(file).or_insert_with(|| graph.add_node(file.clone())));
        graph.add_edge(from, to, ());
    }
    let together = tarjan_scc(&graph).into_iter().filter(|together| together.len() > 1);
    together
        .map(|together| {
            let mut files: Vec<PathBuf> = together.into_iter().map(|node| graph[node].clone()).collect();
            files.sort();
            let within = |arrow: &&Arrow| files.contains(&arrow.from) && files.contains(&arrow.to);
            let arrows = arrows.iter().filter(within).cloned().collect();
            Circle { files, arrows }
        })
        .collect()
}

impl Circle {
    /// The files, and for each arrow the line and the path that it comes from.
    pub(crate) fn describe(&self, root: &Path) -> String {
        let short = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
        let mut text = format!("{}\n", self.files.iter().map(|file| short(file)).collect::<Vec<_>>().join("\n"));
        for Arrow { from, to, line, path } in &self.arrows {
            let _ = writeln!(text, "    {}:{line}: `{path}` is in {}", short(from), short(to));
        }
        text
    }
}

//! The documents of a file.

use crate::embedded::{Part, find};
use crate::syntax::Node;

/// The documents of a file, also those within gates' configurations.
pub(super) fn documents<'n, 'a>(roots: &'n mut [Node<'a>]) -> impl Iterator<Item = &'n mut Node<'a>> {
    let mut parts = Vec::new();
    roots.iter_mut().for_each(|root| find(root, &mut parts));
    parts.into_iter().flat_map(|part| match part {
        Part::Document(document) => std::slice::from_mut(document).iter_mut(),
        Part::Gate(gate) => gate.get_mut("workflows").map(Node::items_mut).unwrap_or_default().iter_mut(),
        Part::Quoted(..) => Default::default(),
    })
}

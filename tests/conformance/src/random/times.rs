//! Times and uses for a random workflow.

use super::document::Document;
use super::rng::Rng;

/// The same document; some tasks have a `ttl`, some transitions several uses, or are open for a time only.
pub fn timed(mut document: Document, rng: &mut Rng) -> Document {
    for task in document.tasks.values_mut() {
        task.ttl = if rng.chance(15) { rng.pick(&[700, 1200, 7200]) } else { None };
    }
    let initial: Vec<String> =
        document.tasks.iter().filter(|(_, task)| task.initial).map(|(name, _)| name.clone()).collect();
    for edge in &mut document.edges {
        edge.uses = if rng.chance(12) { 2 } else { 1 };
        let begins = initial.contains(&edge.from);
        edge.after = (rng.chance(12) && !begins).then_some(20);
        edge.within = (rng.chance(25) && !begins).then_some(40);
    }
    document
}

//! What one instance may do at most: how often it enters each task, and how large its tokens are. The functions of
//! `config` against tours in which the decision and the reference go everywhere.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use stepgate_config::entries;
use stepgate_config::gate::Carrier;
use stepgate_config::sizes::Sizes;
use stepgate_reference::Reader;
use stepgate_tests::random::{Constraint, Document, Edge, Rng, Task, Tour, World, document};

const SEEDS: std::ops::Range<u64> = 0..400;

/// The tours from each start, each on gates of their own.
fn tours(document: &Document, carrier: Carrier) -> Option<(World, Vec<Tour>)> {
    let world = World::new(document, carrier).ok()?;
    let initial = |edge: &Edge| document.tasks.get(&edge.from).is_some_and(|from| from.initial);
    let begins = |edge: &&Edge| initial(edge) && !document.has_via(edge);
    let tour = |first: &Edge| {
        let mut world = World::new(document, carrier).unwrap();
        let mut reader = Reader::new(world.workflow()).unwrap();
        Tour::of(document, &mut world, &mut reader, first)
    };
    let tours = document.edges.iter().filter(begins).map(tour).collect();
    Some((world, tours))
}

/// How often each task was entered, in the tour that entered it most often.
fn entered(tours: &[Tour]) -> BTreeMap<&str, u64> {
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for tour in tours {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        tour.hops.iter().for_each(|hop| *counts.entry(hop.to.as_str()).or_default() += 1);
        for (task, count) in counts {
            let most = most.entry(task).or_default();
            *most = count.max(*most);
        }
    }
    most
}

#[test]
fn no_instance_does_more_than_is_counted() {
    let (mut whole, mut exact, mut often, mut largest) = (0, 0, 0, 0);
    for seed in SEEDS {
        let mut rng = Rng::new(seed);
        let mut document = document(&mut rng);
        document.edges.iter_mut().filter(|_| rng.chance(12)).for_each(|edge| edge.uses = 2);
        let document = stretched(&document, rng.below(60), rng.below(600));
        let Some((world, tours)) = tours(&document, Carrier::Header) else { continue };
        let title = format!("seed {seed}\n{document}");
        largest = largest.max(assert_sizes(&world, &tours, &title));
        let most = entries::most(world.workflow()).unwrap();
        let entered = entered(&tours);
        for (task, most) in &most {
            let found = entered.get(task.as_str()).copied().unwrap_or_default();
            assert!(found <= *most, "{task} was entered {found} times, not {most}: {title}");
        }
        if !tours.iter().all(|tour| tour.whole) {
            continue;
        }
        whole += 1;
        // Constraints deny. Past a join on a cycle it matters which evidence is shown: the count assumes the best.
        let loops = document.tasks.values().any(|task| task.max_visits.is_some());
        let together = document.edges.iter().any(Edge::leaves_several);
        let joins = together || document.tasks.values().any(|task| task.join);
        // A tour sends all its requests to one port, where one task may be another's narrower one.
        let ports = document.tasks.values().any(|task| task.port.is_some());
        if document.constraints.is_empty() && !ports && !(loops && joins) {
            let counted = most.iter().filter(|(_, most)| **most > 0).map(|(task, most)| (task.as_str(), *most));
            assert_eq!(counted.collect::<BTreeMap<&str, u64>>(), entered, "{title}");
            exact += 1;
            often += usize::from(entered.values().any(|count| *count > 4));
        }
    }
    assert!(whole > 50 && exact > 20 && often > 5, "{whole} whole tours, {exact} exact, {often} with many entries");
    // The bound is that of the longest `kid` and signature, of the last revision and the last year.
    assert!(largest > 85, "at most {largest} % of a bound");
}

/// The same document with longer names and identities.
fn stretched(document: &Document, name: usize, id: usize) -> Document {
    let task = |task: &str| format!("{task:-<name$}0");
    let actor = |actor: &String| format!("{actor:-<name$}0");
    Document {
        actors: document
            .actors
            .iter()
            .map(|(name, ids)| (actor(name), ids.iter().map(|own| format!("{own:-<id$}0")).collect()))
            .collect(),
        tasks: document
            .tasks
            .iter()
            .map(|(name, own)| (task(name), Task { actor: actor(&own.actor), ..own.clone() }))
            .collect(),
        edges: document
            .edges
            .iter()
            .map(|edge| Edge {
                from: edge.sources().map(task).collect::<Vec<_>>().join("+"),
                to: task(&edge.to),
                via: edge.via.as_ref().map(actor),
                uses: edge.uses,
                after: edge.after,
                within: edge.within,
            })
            .collect(),
        constraints: document
            .constraints
            .iter()
            .map(|one| Constraint { tasks: one.tasks.iter().map(|name| task(name)).collect(), ..one.clone() })
            .collect(),
        ..document.clone()
    }
}

/// Compares every token, and every list of tokens, with its bound. Returns the largest share of a bound, in percent.
fn assert_sizes(world: &World, tours: &[Tour], title: &str) -> usize {
    let workflow = world.workflow();
    let sizes = Sizes::of(workflow);
    let places = || workflow.tasks.values().chain(workflow.transitions.iter().map(|transition| &transition.from));
    let task = |name: &str| places().find(|task| task.name.as_str() == name).unwrap();
    let mut share = 0;
    for hop in tours.iter().flat_map(|tour| &tour.hops) {
        let arrived = [Some(&hop.answer.arrival), hop.answer.receipt.as_ref()];
        for token in arrived.into_iter().flatten() {
            assert!(token.len() <= sizes.step(task(&hop.to)), "{title}: a token of {} bytes", token.len());
            assert!(token.len() <= sizes.token(), "{title}: a token of {} bytes", token.len());
        }
        if let Some(start) = &hop.answer.start {
            assert!(start.len() <= sizes.step(task(&hop.from)), "{title}: a start token of {} bytes", start.len());
        }
        if !hop.shown.is_empty() {
            let (shown, most) = (hop.shown.join(",").len(), sizes.step(task(&hop.from)));
            assert!(shown <= most, "{title}: {} shows {shown} bytes, not {most}", hop.from);
            share = share.max(shown * 100 / most);
        }
    }
    share
}

/// A start, and tasks of one actor.
fn tasks(names: impl Iterator<Item = String>) -> Document {
    let mut document = Document { task_ttl: 3600, deadline: 86_400, ..Document::default() };
    for actor in ["a", "b"] {
        document.actors.insert(
            actor.to_owned(),
            vec![Document::id(&format!("ns/a-namespace-with-a-name/sa/a-service-account-{actor}"))],
        );
    }
    let task = |actor: &str, name: &str, initial| Task {
        actor: actor.to_owned(),
        initial,
        method: "POST".to_owned(),
        path: format!("/{name}"),
        ..Task::default()
    };
    document.tasks.insert("start".to_owned(), task("a", "start", true));
    for name in names {
        let own = task("b", &name, false);
        document.tasks.insert(name, own);
    }
    document
}

fn edge(from: &str, to: &str) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), via: None, uses: 1, after: None, within: None }
}

/// A chain of tasks that one workload must perform.
fn bound_chain(count: usize) -> Document {
    let names: Vec<String> = (0..count).map(|n| format!("approve-part-{n:02}")).collect();
    let mut document = tasks(names.iter().cloned());
    let whole: Vec<&str> = std::iter::once("start").chain(names.iter().map(String::as_str)).collect();
    document.edges = whole.windows(2).map(|pair| edge(pair[0], pair[1])).collect();
    document.constraints = vec![Constraint { separate: false, tasks: names }];
    document
}

/// So many branches that are joined.
fn branches(count: usize) -> Document {
    let names: Vec<String> = (0..count).map(|n| format!("branch-{n:02}")).collect();
    let all = names.iter().cloned().chain(["fork", "gather", "ship"].map(str::to_owned));
    let mut document = tasks(all);
    document.tasks.get_mut("gather").unwrap().join = true;
    document.edges = vec![edge("start", "fork"), edge("gather", "ship")];
    document.edges.extend(names.iter().flat_map(|name| [edge("fork", name), edge(name, "gather")]));
    document
}

/// The largest document that `check` accepts is walked to its end; the next larger one is refused.
#[test]
fn the_largest_instance_can_be_walked() {
    let largest = |make: fn(usize) -> Document, carrier: Carrier, from: usize| {
        let accepted = |count: &usize| World::new(&make(*count), carrier).is_ok();
        let largest = (from..400).take_while(accepted).last();
        let largest = largest.unwrap_or_else(|| panic!("{:?}", World::new(&make(from), carrier).err()));
        let (world, tours) = tours(&make(largest), carrier).unwrap();
        let share = assert_sizes(&world, &tours, &format!("{largest}"));
        let last = &tours[0].hops.last().unwrap().to;
        (largest, share, last.clone(), tours[0].hops.len())
    };
    let (count, share, last, hops) = largest(bound_chain, Carrier::Baggage, 10);
    assert!((20..50).contains(&count) && share > 85, "{count} {share}");
    assert_eq!((last, hops), (format!("approve-part-{:02}", count - 1), count));
    let (more, share, ..) = largest(bound_chain, Carrier::Header, 40);
    assert!(more > 2 * count && share > 90, "{more} {share}");
    let (count, share, last, hops) = largest(branches, Carrier::Header, 30);
    assert!((45..64).contains(&count) && share > 75, "{count} {share}");
    assert_eq!((last.as_str(), hops), ("ship", 2 * count + 2));
}

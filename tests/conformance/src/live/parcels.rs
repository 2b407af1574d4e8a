//! Parcels that depot and courier pass back and forth under load: instances that live through a change.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stepgate_mesh::{Request, Response};

use super::{Answer, Load, under_load};

const CALLERS: usize = 3;
/// The longest time for a few hops of the instances.
const PATIENCE: Duration = Duration::from_secs(30);

/// What follows `revision` and `trust_domain` in the document, as an item of `workflows`.
pub const PARCELS: &str = "
    actors:
      shop: {spiffe: [ns/live/sa/shop]}
      depot: {spiffe: [ns/live/sa/depot]}
      courier: {spiffe: [ns/live/sa/courier]}
    tasks:
      order: {actor: shop, initial: true}
      store: {actor: depot, requests: [{methods: [POST], path: /store}], max_visits: 65536}
      carry: {actor: courier, requests: [{methods: [POST], path: /carry}], max_visits: 65536}
    transitions:
      - {from: order, to: store}
      - {from: store, to: carry}
      - {from: carry, to: store}
";

/// An instance, represented by the step that its last performer's application got.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The step.
    pub step: String,
    /// Whether the depot has it; else the courier.
    pub at_the_depot: bool,
    /// How many hops it has made.
    pub hops: usize,
}

/// Depots and couriers behind gates.
pub trait Replicas: Sync {
    /// Sends a request as this actor to a replica of another one; on each hop perhaps to another replica.
    ///
    /// # Errors
    /// If there is no answer.
    fn send(&self, from: &str, to: &str, request: &Request, hops: usize) -> Result<Response, String>;

    /// Begins an instance.
    fn begin(&self, hops: usize) -> (Answer, Option<Parcel>) {
        pass(self, ("shop", "depot", "/store"), None, hops)
    }

    /// The instance goes on.
    fn hop(&self, parcel: &Parcel) -> (Answer, Option<Parcel>) {
        let way = if parcel.at_the_depot { ("depot", "courier", "/carry") } else { ("courier", "depot", "/store") };
        pass(self, way, Some(&parcel.step), parcel.hops)
    }
}

fn pass(
    replicas: &(impl Replicas + ?Sized),
    (from, to, path): (&str, &str, &str),
    step: Option<&str>,
    hops: usize,
) -> (Answer, Option<Parcel>) {
    let mut request = Request::new("POST", path);
    if let Some(step) = step {
        request = request.header("x-workflow-step", step);
    }
    let response = match replicas.send(from, to, &request, hops) {
        Ok(response) => response,
        Err(error) => return (Answer::Odd(error), None),
    };
    let answer = Answer::of(&response, step);
    let step = response.seen().and_then(|seen| seen.header("x-workflow-step").next().map(str::to_owned));
    (answer, step.map(|step| Parcel { step, at_the_depot: to == "depot", hops: hops.saturating_add(1) }))
}

/// Begins an instance.
///
/// # Errors
/// The answer, if it was not permitted.
pub fn begun(replicas: &impl Replicas) -> Result<Parcel, String> {
    let (answer, parcel) = replicas.begin(0);
    parcel.ok_or_else(|| format!("{answer:?}"))
}

/// A caller's instance that lives through the work.
struct Witness {
    parcel: Mutex<Parcel>,
    hops: AtomicU64,
}

impl Witness {
    /// One hop. An instance that was denied ends there.
    fn hop(&self, replicas: &impl Replicas) -> Answer {
        let mut parcel = self.parcel.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, next) = replicas.hop(&parcel);
        if let Some(next) = next {
            *parcel = next;
            self.hops.fetch_add(1, Ordering::SeqCst);
        }
        answer
    }
}

/// Does the work under load. Each caller has an instance that lives through all of it, and nothing is denied. `work` gets
/// a function that waits until each of these instances has made so many more hops.
///
/// # Errors
/// What was denied, or the error of the work.
pub fn no_instance_notices(
    replicas: &impl Replicas,
    hops_between: u64,
    work: impl FnOnce(&dyn Fn() -> Result<(), String>) -> Result<(), String>,
) -> Result<(), String> {
    let witness = |_| Ok(Witness { parcel: Mutex::new(begun(replicas)?), hops: AtomicU64::new(0) });
    let witnesses = (0..CALLERS).map(witness).collect::<Result<Vec<_>, String>>()?;
    let hops = || -> Vec<u64> { witnesses.iter().map(|witness| witness.hops.load(Ordering::SeqCst)).collect() };
    let send = |caller: usize, kind: usize, number: u64| match witnesses.get(caller) {
        Some(witness) if kind == 0 => witness.hop(replicas),
        // Any number serves: the hop only selects the replica.
        _ => replicas.begin(usize::try_from(number).unwrap_or_default()).0,
    };
    let sent = under_load(CALLERS, 2, send, |load: &Load| {
        let all_hop_on = || {
            let (before, begun) = (hops(), Instant::now());
            while hops().iter().zip(&before).any(|(now, before)| *now < before.saturating_add(hops_between)) {
                load.answers(1)?;
                if begun.elapsed() > PATIENCE {
                    return Err("an instance cannot go on".to_owned());
                }
            }
            Ok(())
        };
        all_hop_on()?;
        work(&all_hop_on)
    })?;
    let refused: Vec<_> = sent.iter().filter(|request| request.answer != Answer::Permitted).collect();
    match refused.first() {
        Some(first) => Err(format!("{} of {}: {first:?}", refused.len(), sent.len())),
        None => {
            println!(
                "{} requests, none refused; hops of the instances that lived through it: {:?}",
                sent.len(),
                hops()
            );
            Ok(())
        }
    }
}

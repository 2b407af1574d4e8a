//! A proxy that starts on a node without the module, with requests from the first moment on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use stepgate_cluster_tests::{Error, Registry, Request, Result, Workload, until};

use crate::fixture::Fixture;
use crate::mixed_protocols::MixedProtocols;
use crate::requests::{INTERLOCK_HEADER, SOON, STEP, post};
use crate::tree::secret_value;

/// The answers that callers have got until now.
#[derive(Default)]
struct Tally {
    over: AtomicBool,
    /// No answer, or an error of the caller's own proxy.
    unanswered: AtomicU32,
    /// Refused by the starting proxy.
    refused: AtomicU32,
    /// Permitted by the gate.
    permitted: AtomicU32,
}

impl Tally {
    fn of(counter: &AtomicU32) -> u32 {
        counter.load(Ordering::SeqCst)
    }
}

pub(crate) fn before_the_module(fixture: &mut Fixture) -> Result<()> {
    fixture.mixed()?;
    let mut mixed = fixture.mixed.take().ok_or_else(|| Error::new("no workloads with mixed protocols"))?;
    let tried = lets_nothing_through(fixture, &mut mixed);
    fixture.cluster.registry.proceed();
    fixture.mixed = Some(mixed);
    tried?;
    let (cluster, mixed) = fixture.mixed()?;
    mixed.until_decided(cluster)
}

fn lets_nothing_through(fixture: &mut Fixture, mixed: &mut MixedProtocols) -> Result<()> {
    let interlock = secret_value(&fixture.cluster, "bakery", "oven", "STEPGATE_INTERLOCK")?;
    // The registry refuses connections: the proxy reports that it is ready.
    fixture.cluster.registry.stop()?;
    let away = started_under_load(fixture, mixed, &interlock, |_, oven, tally| {
        oven.await_ready(SOON)?;
        wait(tally, "the proxy to refuse", |tally| Tally::of(&tally.refused) > 20)
    })?;
    fixture.cluster.registry.start()?;
    assert_eq!(Tally::of(&away.permitted), 0, "a gate has permitted requests");
    // The registry is slow: it answers after the proxy has waited for a while.
    fixture.cluster.registry.pause();
    let slow = started_under_load(fixture, mixed, &interlock, |registry, oven, tally| {
        let begun = Tally::of(&tally.unanswered) + Tally::of(&tally.refused);
        wait(tally, "a few requests", |tally| Tally::of(&tally.unanswered) + Tally::of(&tally.refused) > begun + 200)?;
        assert_eq!(Tally::of(&tally.permitted), 0, "the proxy had the module already");
        registry.proceed();
        oven.await_ready(SOON)?;
        wait(tally, "the gate to permit requests", |tally| Tally::of(&tally.permitted) > 20)
    })?;
    for (name, tally) in [("away", &away), ("slow", &slow)] {
        let [none, refused, permitted] = [&tally.unanswered, &tally.refused, &tally.permitted].map(Tally::of);
        println!(
            "        the registry {name}: {none} not answered, {refused} refused, {permitted} permitted by the gate"
        );
    }
    Ok(())
}

/// Restarts the oven's proxy, while a permitted caller and one that is not send requests.
fn started_under_load(
    fixture: &mut Fixture,
    mixed: &mut MixedProtocols,
    interlock: &str,
    then: impl FnOnce(&mut Registry, &mut Workload, &Tally) -> Result<()>,
) -> Result<Tally> {
    let to = fixture.cluster.service("oven", "bakery")?;
    mixed.oven.stop_proxy()?;
    mixed.oven.forget_modules()?;
    let tally = Tally::default();
    let (baker, oven) = (&mixed.baker, &mut mixed.oven);
    std::thread::scope(|scope| {
        let permitted = post("/loaves/fresh");
        let wrong = permitted.clone().header(STEP, "no-token");
        let callers = [(permitted, true), (wrong, false)].map(|(request, may)| {
            let tally = &tally;
            scope.spawn(move || {
                let called = call_all_the_time(baker, to, &request, may.then_some(interlock), tally);
                tally.over.store(true, Ordering::SeqCst);
                called
            })
        });
        let begun = oven.begin_proxy(&fixture.cluster).and_then(|()| then(&mut fixture.cluster.registry, oven, &tally));
        tally.over.store(true, Ordering::SeqCst);
        // The error of a caller says more than that a condition was not met.
        callers.into_iter().try_for_each(|caller| caller.join().expect("a thread"))?;
        begun
    })?;
    Ok(tally)
}

/// Each request that the application answers must have been permitted: with this interlock, and a step of the gate.
fn call_all_the_time(
    baker: &Workload,
    to: SocketAddr,
    request: &Request,
    interlock: Option<&str>,
    tally: &Tally,
) -> Result<()> {
    while !tally.over.load(Ordering::SeqCst) {
        let answer = baker.call_at(to, "oven.bakery.svc.cluster.local", request);
        let counter = match &answer {
            Ok(answer) => match (answer.seen(), answer.status) {
                (Some(seen), _) => {
                    let permit = seen.header(INTERLOCK_HEADER).next();
                    if interlock.is_none() || permit != interlock || seen.header(STEP).next().is_none() {
                        return Err(Error::new(format!("a request reached the application without a gate: {seen:?}")));
                    }
                    &tally.permitted
                }
                (None, 403) => &tally.refused,
                (None, _) => &tally.unanswered,
            },
            Err(_) => &tally.unanswered,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn wait(tally: &Tally, what: &str, is_so: impl Fn(&Tally) -> bool) -> Result<()> {
    until(SOON, what, || Ok((is_so(tally) || tally.over.load(Ordering::SeqCst)).then_some(())))
}

//! A proxy that has just been started, on a node that never had the module, with requests from the first moment on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use stepgate_cluster_tests::{Error, Registry, Request, Result, Workload, until};

use crate::bed::{Bed, INTERLOCK_HEADER, SOON, STEP, post};
use crate::tree::held;
use crate::yard::Yard;

/// What callers got until now.
#[derive(Default)]
struct Tally {
    over: AtomicBool,
    /// From nobody, or from the caller's own proxy.
    unanswered: AtomicU32,
    /// Refused by the proxy that is being started.
    refused: AtomicU32,
    /// Let through by the gate.
    permitted: AtomicU32,
}

impl Tally {
    fn of(counter: &AtomicU32) -> u32 {
        counter.load(Ordering::SeqCst)
    }
}

pub(crate) fn before_the_module(bed: &mut Bed) -> Result<()> {
    bed.yard()?;
    let mut yard = bed.yard.take().ok_or_else(|| Error::new("no yard"))?;
    let tried = lets_nothing_through(bed, &mut yard);
    bed.cluster.registry.proceed();
    bed.yard = Some(yard);
    tried?;
    let (cluster, yard) = bed.yard()?;
    yard.until_decided(cluster)
}

fn lets_nothing_through(bed: &mut Bed, yard: &mut Yard) -> Result<()> {
    let interlock = held(&bed.cluster, "yard", "oven", "STEPGATE_INTERLOCK")?;
    // Away: the proxy is told so, and says that it is ready.
    bed.cluster.registry.stop()?;
    let away = started_under_load(bed, yard, &interlock, |_, oven, tally| {
        oven.await_ready(SOON)?;
        wait(tally, "the proxy to refuse", |tally| Tally::of(&tally.refused) > 20)
    })?;
    bed.cluster.registry.resume()?;
    assert_eq!(Tally::of(&away.permitted), 0, "there was a gate");
    // Slow: it answers once the proxy has been asking for a while.
    bed.cluster.registry.pause();
    let slow = started_under_load(bed, yard, &interlock, |registry, oven, tally| {
        let begun = Tally::of(&tally.unanswered) + Tally::of(&tally.refused);
        wait(tally, "a few requests", |tally| Tally::of(&tally.unanswered) + Tally::of(&tally.refused) > begun + 200)?;
        assert_eq!(Tally::of(&tally.permitted), 0, "the proxy had the module already");
        registry.proceed();
        oven.await_ready(SOON)?;
        wait(tally, "the gate to let the rightful caller in", |tally| Tally::of(&tally.permitted) > 20)
    })?;
    for (name, tally) in [("away", &away), ("slow", &slow)] {
        let [none, refused, permitted] = [&tally.unanswered, &tally.refused, &tally.permitted].map(Tally::of);
        println!(
            "        the registry {name}: {none} not answered, {refused} refused, {permitted} permitted by the gate"
        );
    }
    Ok(())
}

/// Starts the oven's proxy anew, while one rightful caller and one who is not call all the time.
fn started_under_load(
    bed: &mut Bed,
    yard: &mut Yard,
    interlock: &str,
    then: impl FnOnce(&mut Registry, &mut Workload, &Tally) -> Result<()>,
) -> Result<Tally> {
    let to = bed.cluster.service("oven", "yard")?;
    yard.oven.stop_proxy()?;
    yard.oven.forget_modules()?;
    let tally = Tally::default();
    let (baker, oven) = (&yard.baker, &mut yard.oven);
    std::thread::scope(|scope| {
        let rightful = post("/loaves/fresh");
        let wrong = rightful.clone().header(STEP, "no-token");
        let callers = [(rightful, true), (wrong, false)].map(|(request, may)| {
            let tally = &tally;
            scope.spawn(move || {
                let called = call_all_the_time(baker, to, &request, may.then_some(interlock), tally);
                tally.over.store(true, Ordering::SeqCst);
                called
            })
        });
        let begun = oven.begin_proxy(&bed.cluster).and_then(|()| then(&mut bed.cluster.registry, oven, &tally));
        tally.over.store(true, Ordering::SeqCst);
        // What a caller has found says more than that something did not come about.
        callers.into_iter().try_for_each(|caller| caller.join().expect("a thread"))?;
        begun
    })?;
    Ok(tally)
}

/// Whatever the application answers must have been permitted: it bears this interlock, and a step of the gate's.
fn call_all_the_time(
    baker: &Workload,
    to: SocketAddr,
    request: &Request,
    interlock: Option<&str>,
    tally: &Tally,
) -> Result<()> {
    while !tally.over.load(Ordering::SeqCst) {
        let answer = baker.call_at(to, "oven.yard.svc.cluster.local", request);
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

//! When a use of a transition comes back, in real Envoys: only where no byte of its request can have reached the
//! application, whatever the application, a filter behind the gate or the route does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod application;
mod scene;

use std::time::Duration;

use stepgate_mesh::{Request, Response, Version};
use stepgate_tests::live::Answer;
use stepgate_tests::proxies::proxies;

use application::Behaviour;
use scene::{FILTERS, PLAIN, RETRIES, ROUTE, ROUTES, Scene, TIMED};

/// The longest that a condition may take to become true.
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of the use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// The same request may be made again.
    Free,
    /// It is `ALREADY_TAKEN`.
    Consumed,
}

/// One way in which a permitted request may fail.
struct Trial {
    name: &'static str,
    site: &'static str,
    /// None: the application is down.
    application: Option<Behaviour>,
    /// A further header of the first try, which brings about the failure.
    fails_by: Option<(&'static str, &'static str)>,
    version: Version,
    /// Envoy's flags and the beginning of its details.
    log: (&'static str, &'static str),
    then: Use,
}

const fn trial(
    name: &'static str,
    application: Option<Behaviour>,
    log: (&'static str, &'static str),
    then: Use,
) -> Trial {
    Trial { name, site: PLAIN, application, fails_by: None, version: Version::Http1, log, then }
}

/// Of a way to the application other than the plain one.
const fn at(site: &'static str, fails_by: Option<(&'static str, &'static str)>, trial: Trial) -> Trial {
    Trial { site, fails_by, ..trial }
}

const fn http2(trial: Trial) -> Trial {
    Trial { version: Version::Http2, ..trial }
}

/// The application closed its port, or reset, before or after it had read.
fn trials() -> Vec<Trial> {
    use Behaviour::{Answers, AnswersAsEnvoy, Closes, GoesAway, Refuses, RefusesTheStream, Resets, StopsListening};
    use Use::{Consumed, Free};
    let early = "upstream_reset_before_response_started";
    vec![
        trial("the application is down", None, ("UF", early), Free),
        http2(trial("it is down, over HTTP/2", None, ("UF", early), Free)),
        trial("it reads half and resets", Some(Resets), ("UC", early), Consumed),
        http2(trial("it reads half and resets, over HTTP/2", Some(Resets), ("UC", early), Consumed)),
        trial("it reads all and closes", Some(Closes), ("UC", early), Consumed),
        trial("it reads half, closes its port and resets", Some(StopsListening), ("UC", early), Consumed),
        trial("it closes without reading", Some(Refuses), ("UC", early), Consumed),
        trial("it answers 503 as Envoy does", Some(AnswersAsEnvoy), ("-", "via_upstream"), Consumed),
        http2(trial("it goes away", Some(GoesAway), ("", early), Consumed)),
        http2(trial("it refuses the stream", Some(RefusesTheStream), ("UR", early), Consumed)),
        // More than one attempt gives nothing back, even if none of them found a connection.
        at(RETRIES, None, trial("retries: it is down", None, ("URX,UF", early), Consumed)),
        at(RETRIES, None, trial("retries: it resets each time", Some(Resets), ("URX,UC", early), Consumed)),
        at(
            RETRIES,
            None,
            trial(
                "retries: it closes its port between two attempts",
                Some(StopsListening),
                ("URX,UF", early),
                Consumed,
            ),
        ),
        at(
            RETRIES,
            None,
            trial("retries: it answers 503 as Envoy does", Some(AnswersAsEnvoy), ("URX", "via_upstream"), Consumed),
        ),
        at(RETRIES, None, http2(trial("retries: it goes away", Some(GoesAway), ("", early), Consumed))),
        at(
            RETRIES,
            None,
            http2(trial("retries: it refuses the stream", Some(RefusesTheStream), ("", early), Consumed)),
        ),
        // Filters behind the gate.
        at(
            FILTERS,
            Some(("x-lab-rbac", "1")),
            trial("a policy refuses", Some(Answers), ("-", "rbac_access_denied_matched_policy["), Free),
        ),
        at(
            FILTERS,
            Some(("x-lab-rbac", "1")),
            http2(trial("a policy refuses, over HTTP/2", Some(Answers), ("-", "rbac_access_denied"), Free)),
        ),
        at(
            FILTERS,
            Some(("x-lab-jwt", "1")),
            trial("a JWT is missing", Some(Answers), ("-", "jwt_authn_access_denied{"), Free),
        ),
        at(
            FILTERS,
            Some(("x-lab-lua", "1")),
            trial("a script answers after the body", Some(Answers), ("-", "lua_response"), Consumed),
        ),
        // Routes.
        at(ROUTES, Some((ROUTE, "none")), trial("there is no route", None, ("NR", "route_not_found"), Free)),
        at(ROUTES, Some((ROUTE, "empty")), trial("there is no host", None, ("UH", "no_healthy_upstream"), Free)),
        at(ROUTES, Some((ROUTE, "narrow")), trial("there are too many requests", Some(Answers), ("UO", early), Free)),
        at(ROUTES, Some((ROUTE, "named")), trial("there is no cluster", None, ("NC", "cluster_not_found"), Free)),
        at(ROUTES, Some((ROUTE, "direct")), trial("the route answers", None, ("-", "direct_response"), Consumed)),
    ]
}

#[test]
fn a_use_comes_back_only_where_no_byte_can_have_arrived() {
    for (envoy, workers) in proxies().unwrap() {
        println!("{envoy:?} with {workers} workers");
        let mut scene = Scene::start(envoy, workers);
        each_failure(&mut scene);
        late_answers(&mut scene);
        starts(&mut scene);
        copies_of_an_inbound_route(&mut scene);
        let log = scene.log();
        assert!(!log.contains(r#""stepgate":"trouble""#), "{log}");
    }
}

fn each_failure(scene: &mut Scene) {
    let mut failures = Vec::new();
    for trial in trials() {
        if let Err(why) = run(scene, &trial) {
            failures.push(format!("{}: {why}", trial.name));
        }
    }
    failures.extend(trials().iter().filter_map(|trial| check_log(scene, trial).err()));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let freed = trials().iter().filter(|trial| trial.then == Use::Free).count();
    assert_eq!(scene.log().lines().filter(|line| line.contains(r#""stepgate":"undelivered""#)).count(), freed);
    assert_eq!(scene.stat("stepgate_undelivered"), freed as u64);
}

fn run(scene: &mut Scene, trial: &Trial) -> Result<(), String> {
    let request = scene.request().over(trial.version);
    let first = request.clone().header("x-lab-id", trial.name);
    let first = match trial.fails_by {
        Some((name, value)) => first.header(name, value).body("a body"),
        None => first,
    };
    let before = scene.application.bytes_read();
    scene.application.set(trial.application);
    let answered = scene.send(trial.site, &first);
    let arrived = scene.application.bytes_read() - before;
    scene.application.set(None);
    // A start token would be one of another instance; a receipt would say that the task was done.
    no_tokens(&answered)?;
    let found = again(scene, trial.site, &request);
    if found == Use::Free && arrived > 0 {
        return Err(format!("the use came back although {arrived} bytes had arrived"));
    }
    if found == trial.then { Ok(()) } else { Err(format!("the use is {found:?}")) }
}

/// The failure was the one that the trial means.
fn check_log(scene: &Scene, trial: &Trial) -> Result<(), String> {
    let (flags, details) = trial.log;
    let log = scene.entry(trial.site, trial.name);
    let found = (log.flags.as_deref().unwrap_or("-"), log.details.as_deref().unwrap_or("-"));
    let same = (flags.is_empty() || found.0 == flags) && found.1.starts_with(details);
    if same { Ok(()) } else { Err(format!("{}: Envoy's log says {found:?}", trial.name)) }
}

fn no_tokens(answered: &Response) -> Result<(), String> {
    for name in ["x-workflow-step", "x-workflow-step-start"] {
        if answered.header(name).is_some() {
            return Err(format!("the answer has {name}"));
        }
    }
    Ok(())
}

/// Makes the same request once more, to an application that answers.
fn again(scene: &mut Scene, site: &str, request: &Request) -> Use {
    // The scripts speak HTTP/1 when they answer.
    let request = request.clone().over(Version::Http1).header(ROUTE, "application");
    scene.application.set(Some(Behaviour::Answers));
    let answered = scene.send(site, &request);
    scene.application.set(None);
    match answered.status {
        200 => Use::Free,
        _ => {
            assert_eq!(Answer::of(&answered, None), Answer::denied("ALREADY_TAKEN"));
            Use::Consumed
        }
    }
}

/// Each of these requests has begun to arrive, or a filter has waited for more of it, when Envoy itself answers.
fn late_answers(scene: &mut Scene) {
    // The time is up while the application waits for the rest of the body, and while nothing was sent on.
    for (site, application) in [(TIMED, Some(Behaviour::Hangs)), (FILTERS, Some(Behaviour::Answers))] {
        let request = scene.request();
        scene.application.set(application);
        let answered = match site {
            TIMED => scene.send_half(site, &request),
            _ => scene.send(site, &request.clone().body(vec![0; 200])),
        };
        scene.application.set(None);
        assert!([408, 413].contains(&answered.status), "{}", answered.status);
        assert_eq!(again(scene, site, &request), Use::Consumed, "{site}");
    }
    // A connection that was in use before.
    let (first, second) = (scene.request(), scene.request());
    scene.application.set(Some(Behaviour::ResetsTheSecond));
    assert_eq!(scene.send(PLAIN, &first).status, 200);
    assert_eq!(scene.send(PLAIN, &second).status, 503);
    scene.application.set(None);
    assert_eq!(again(scene, PLAIN, &second), Use::Consumed);
    // One host that is down and one that resets: whatever the attempt met, bytes that arrived were the last.
    for _ in 0..8 {
        let request = scene.request();
        scene.application.set(Some(Behaviour::Resets));
        let before = scene.application.bytes_read();
        let _ = scene.send(ROUTES, &request.clone().header(ROUTE, "two"));
        let arrived = scene.application.bytes_read() > before;
        scene.application.set(None);
        assert_eq!(again(scene, ROUTES, &request) == Use::Consumed, arrived);
    }
}

/// A start that reached nobody brings no start token: there is no instance.
fn starts(scene: &mut Scene) {
    let start = Request::new("POST", "/shots");
    for (site, fails_by) in [(PLAIN, None), (FILTERS, Some("x-lab-rbac"))] {
        let request = fails_by.map_or_else(|| start.clone(), |header| start.clone().header(header, "1"));
        no_tokens(&scene.send(site, &request)).unwrap();
        scene.application.set(Some(Behaviour::Answers));
        let answered = scene.send(site, &start);
        assert!(answered.header("x-workflow-step-start").is_some());
        // The receipt.
        assert!(answered.header("x-workflow-step").is_some());
        // Bytes that arrived make it a start, whatever the application answers.
        scene.application.set(Some(Behaviour::Closes));
        let answered = scene.send(site, &start);
        assert!(answered.header("x-workflow-step-start").is_some());
        assert!(answered.header("x-workflow-step").is_none());
        scene.application.set(None);
    }
}

/// Documented, and not closed: Envoy tells nothing of the copies that a route of an inbound listener sends.
fn copies_of_an_inbound_route(scene: &mut Scene) {
    let request = scene.request();
    scene.application.set(Some(Behaviour::Answers));
    let before = scene.application.bytes_read();
    assert_eq!(scene.send(ROUTES, &request.clone().header(ROUTE, "mirror")).status, 503);
    let copied = || (scene.application.bytes_read() > before).then_some(());
    assert!(stepgate_mesh::until(PATIENCE, copied).is_some());
    assert_eq!(again(scene, ROUTES, &request), Use::Free);
}

//! The checks of one application.

use std::thread;

use stepgate_mesh::until;

use crate::chain::{Answer, Carrier, Chain, instance};
use crate::meeting::Meeting;
use crate::service::Service;
use crate::settings::Settings;
use crate::subject::{Also, Subject};

/// More than once, so that threads and connections serve one instance after another.
const ROUNDS: u32 = 4;

struct Row<'a> {
    chain: &'a Chain,
    meeting: &'a Meeting,
    name: &'static str,
}

pub(crate) fn run(chain: &Chain, subject: &'static Subject) {
    let service = Service::build(subject);
    let meeting = Meeting::open();
    let settings = Settings {
        at: chain.address(subject.name),
        meeting: meeting.url(),
        next: chain.next(subject.name),
        with: true,
    };
    let row = Row { chain, meeting: &meeting, name: subject.name };
    let running = service.start(&settings);
    for round in 0..ROUNDS {
        row.two_instances_at_once_are_not_mixed(round);
        row.a_request_without_a_step_gets_no_other_ones(round);
    }
    if subject.carrier == Carrier::Header {
        row.all_lines_are_handed_on();
        row.a_step_of_its_own_is_kept();
    }
    for also in subject.also {
        match also {
            Also::Stream => row.a_body_that_is_made_while_it_is_sent_has_the_step(),
            Also::Later => row.nothing_after_the_answer_has_the_step(),
        }
    }
    drop(running);
    let _running = service.start(&Settings { with: false, ..settings });
    row.the_gate_denies_without_the_middleware();
}

impl Row<'_> {
    fn two_instances_at_once_are_not_mixed(&self, round: u32) {
        let names = [format!("{round}-a"), format!("{round}-b")];
        let [one, other] = both(|| self.chain.begin(self.name, &names[0]), || self.chain.begin(self.name, &names[1]));
        assert!(one.begun.is_some() && one.begun != other.begun);
        for (answer, name) in [(one, &names[0]), (other, &names[1])] {
            assert_eq!((answer.status, &answer.code), (200, &None), "{}", self.name);
            assert_eq!(answer.ended, answer.begun, "`last` was given another instance");
            let [step] = self.handed_on(name).try_into().unwrap();
            assert_eq!(Some(instance(&step)), answer.begun);
        }
    }

    fn a_request_without_a_step_gets_no_other_ones(&self, round: u32) {
        let names = [format!("{round}-c"), format!("{round}-d")];
        let [with, without] =
            both(|| self.chain.begin(self.name, &names[0]), || self.chain.past_the_gate(self.name, &names[1], &[]));
        assert_eq!((with.status, with.ended), (200, with.begun));
        assert_eq!((without.status, without.code.as_deref()), (403, Some("NO_STEP")));
        assert!(self.handed_on(&names[1]).is_empty());
    }

    /// Also of several lines, as they come in a service that does not look.
    fn all_lines_are_handed_on(&self) {
        let header = self.chain.header();
        let lines = [(header, "one"), (header, "two, three")];
        let [several, _] = both(
            || self.chain.past_the_gate(self.name, "several", &lines),
            || self.chain.past_the_gate(self.name, "e", &[]),
        );
        assert_eq!(several.code.as_deref(), Some("BAD_STEP"));
        assert_eq!(self.handed_on("several"), ["one", "two", "three"]);
    }

    fn a_step_of_its_own_is_kept(&self) {
        let lines = [(self.chain.header(), "one"), ("x-own-step", "own")];
        both(|| self.chain.past_the_gate(self.name, "own", &lines), || self.chain.past_the_gate(self.name, "f", &[]));
        assert_eq!(self.handed_on("own"), ["own"]);
    }

    fn a_body_that_is_made_while_it_is_sent_has_the_step(&self) {
        let [one, other] = both(|| self.chain.begin(self.name, "stream-a"), || self.chain.begin(self.name, "stream-b"));
        assert!(one.begun.is_some() && other.begun.is_some());
        assert_eq!([one.ended, other.ended], [one.begun, other.begun]);
    }

    /// It could be work for another request by then.
    fn nothing_after_the_answer_has_the_step(&self) {
        let answer = self.chain.begin(self.name, "later");
        assert!(answer.status == 200 && answer.begun.is_some());
        // The task meets this test, and goes on.
        self.meeting.join();
        let again = || self.meeting.header("later-again", self.chain.header());
        let handed_on = until(stepgate_mesh::CALL_TIMEOUT, again);
        self.meeting.join();
        assert_eq!(handed_on, Some(Vec::new()));
    }

    fn the_gate_denies_without_the_middleware(&self) {
        let [one, other] =
            both(|| self.chain.begin(self.name, "without-a"), || self.chain.begin(self.name, "without-b"));
        for answer in [one, other] {
            assert_eq!((answer.status, answer.code.as_deref()), (403, Some("NO_STEP")));
            assert!(answer.begun.is_some());
        }
    }

    fn handed_on(&self, request: &str) -> Vec<String> {
        self.chain.steps(self.meeting.header(request, self.chain.header()).unwrap())
    }
}

/// Two requests that are in the application at once.
fn both(one: impl FnOnce() -> Answer + Send, other: impl FnOnce() -> Answer + Send) -> [Answer; 2] {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        [one(), other.join().unwrap()]
    })
}

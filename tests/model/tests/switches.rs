//! Without any one check of the inbound decision, from the issuer on, the model finds an attack: so each check is there for
//! something, and the model would see it fail. Guards and upgrades are not in the model.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_decision::switch::Check;
use stepgate_model::explore::{explore, seek};
use stepgate_model::semantics::Rule;
use stepgate_model::shape::Shape;
use stepgate_model::shapes;

/// What is off, the shape in which that shows, and the rule that then breaks.
const SWITCHES: [(&[Check], &str, Rule); 17] = [
    (&[Check::Initiator], "chain", Rule::Initiator),
    (&[Check::Issuer], "rogue gate", Rule::Issuer),
    (&[Check::Holder], "bind", Rule::Holder),
    (&[Check::Caller], "rogue gate", Rule::Caller),
    (&[Check::Type], "two roles", Rule::Receipt),
    (&[Check::Request], "chain", Rule::Order),
    // The request is a task of this workload in any case; so this check is another one's second line.
    (&[Check::Audience, Check::Request], "chain", Rule::Performer),
    (&[Check::Ambiguous], "two documents", Rule::Ambiguous),
    (&[Check::Deadline], "clocks", Rule::Deadline),
    (&[Check::Visits], "loop", Rule::Visits),
    (&[Check::Constraints], "separate", Rule::Constraint),
    (&[Check::Sources], "join", Rule::Incomplete),
    (&[Check::Rounds], "two rounds", Rule::Rounds),
    (&[Check::TooEarly], "times", Rule::Early),
    (&[Check::TooLate], "times", Rule::Late),
    (&[Check::Starts], "limited starts", Rule::Starts),
    (&[Check::Record], "chain", Rule::Uses),
];

fn shape(name: &str) -> Shape {
    shapes::all(false).into_iter().find(|shape| shape.name == name).unwrap()
}

#[test]
fn without_any_one_check_there_is_an_attack() {
    let mut missing = Vec::new();
    for (off, name, rule) in SWITCHES {
        let explored = seek(&shape(name), off, rule);
        let found = explored.attacks.first();
        match found {
            Some(attack) => println!("without {off:?}: {attack}"),
            None => println!("without {off:?}: NO ATTACK\n  {explored}"),
        }
        if found.is_none_or(|attack| attack.fault != rule.to_string()) {
            missing.push(format!("without {off:?} in `{name}`: not {rule:?}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The request must be a task of this workload to which the transition leads. So without the check of the audience there is
/// another denial, and no attack.
#[test]
fn the_audience_is_checked_twice() {
    for shape in shapes::all(false) {
        let explored = explore(&shape, &[Check::Audience]);
        assert!(explored.finished, "{}: {:?}", shape.name, explored.attacks);
    }
}

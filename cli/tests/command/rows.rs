//! What the summary of `check` says of a document that passes: who calls whom, what a constraint leaves out or does not hold,
//! from which arrival times count, who an actor is, and whether a gate blocks anything.

use super::run::with;

const DOCUMENT: &str = "
workflow: payout
revision: 1
trust_domain: t
actors:
  desk:  {spiffe: [ns/x/sa/desk]}
  lead:  {spiffe: [ns/x/sa/one, ns/x/sa/two]}
  head:  {spiffe: [ns/x/sa/two, ns/x/sa/three]}
  books: {spiffe: ['ns/x/pod/{pod}']}
  bank:  {spiffe: [spiffe://bank.example/ns/b/sa/bank]}
tasks:
  ask:    {actor: desk, initial: true, split: all}
  first:  {actor: lead, requests: POST /first}
  second: {actor: lead, requests: POST /second}
  book:   {actor: desk, join: all, requests: POST /book}
  third:  {actor: lead, requests: POST /third}
  fourth: {actor: head, requests: POST /fourth}
  fifth:  {actor: head, requests: POST /fifth}
  note:   {actor: books, requests: POST /note}
  pay:    {actor: bank, requests: POST /pay}
transitions:
  - ask -> first -> book
  - ask -> second -> book
  - {from: book, to: third, after: 15m}
  - third -> fourth -> fifth -> note -> pay
constraints:
  - {separate: [first, second], advisory: true}
  - {separate: [third, fourth]}
";

const GATE: &str = "
mode: observe
keys: [{workflow: w, kid: k1, use: sign, env: A_KEY}]
workflows:
  - workflow: w
    revision: 1
    trust_domain: t
    actors: {a: {spiffe: [x/a]}, b: {spiffe: [x/b]}}
    tasks: {s: {actor: a, initial: true}, e: {actor: b, requests: POST /w}}
    transitions: [s -> e]
";

const LIST: &str = "
workflow: travel
revision: 1
trust_domain: t
namespace: travel
actors: [client, agent, flights, hotels, bank]
tasks:
  plan:   {actor: client, initial: true}
  ask:    {actor: agent, split: all, requests: POST /ask}
  flight: {actor: flights, requests: POST /flight}
  hotel:  {actor: hotels, requests: POST /hotel}
  charge: {actor: bank, requests: POST /charge}
  refund: {actor: bank, requests: POST /refund}
transitions:
  - plan -> ask -> flight
  - ask -> hotel
  - {from: [flight, hotel], to: charge, via: agent, within: 1h}
  - {from: [flight, hotel], to: refund, via: agent}
";

#[test]
fn the_summary_says_what_a_document_does_not_hold() {
    let ran = with(&["check", "-"], &[], DOCUMENT.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "workloads   `bank` is spiffe://bank.example/ns/b/sa/bank, of another trust domain\n",
        "workloads   `books` is every workload that fits spiffe://t/ns/x/pod/{pod}\n",
        "calls       `desk` calls `lead`\n",
        "calls       `head` calls `books`, and itself (`fourth -> fifth`)\n",
        "time        `book -> third` opens 15m after the latest of its arrivals at `book`\n",
        "advice      one workload may perform `first` and `second`: `separate` is only advice, which no gate enforces\n",
        "constraint  no workload performs both `third` and `fourth` (`separate`); one that performs either of these may also \
         perform `fifth`, `first` and `second`\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let json = with(&["check", "-", "--json"], &[], DOCUMENT.as_bytes()).json();
    let workflow = &json["files"][0]["contents"][0]["workflows"][0];
    assert_eq!(workflow["constraints"][0]["left_out"], serde_json::json!(["fifth", "first", "second"]));
    assert_eq!(workflow["advice"][0]["tasks"], serde_json::json!(["first", "second"]));
    assert_eq!(workflow["times"][0]["counts_from"], "the latest of its arrivals at `book`");
    assert_eq!(workflow["mode"], serde_json::Value::Null);
}

#[test]
fn times_of_a_list_count_from_the_latest_arrival() {
    let ran = with(&["check", "-"], &[], LIST.as_bytes());
    for line in [
        "time        `flight+hotel -> charge` closes 1h after the latest of the arrivals at `flight` and `hotel`\n",
        "join        `charge` and `refund` need one request with the tokens of `flight` and `hotel`; they fork at `ask`",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
}

#[test]
fn a_gate_that_blocks_nothing_is_loud() {
    let ran = with(&["check", "-"], &[], GATE.as_bytes());
    for line in [
        "warning[W034]: this gate only observes: it rejects no request",
        "mode        observe: denials are logged and counted, and NO REQUEST IS REJECTED\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let enforced = with(&["check", "-"], &[], GATE.replace("observe", "enforce").as_bytes());
    assert!(enforced.out.contains("mode        enforce\n") && !enforced.out.contains("W034"), "{}", enforced.out);
}

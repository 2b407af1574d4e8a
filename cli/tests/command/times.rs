//! When transitions open and close: in `check`, `explain`, `token mint` and `token verify`.

use super::run::{stepgate, with};

const DOCUMENT: &str = "
workflow: reservations
revision: 1
trust_domain: example
actors: {shop: {spiffe: [shop]}, desk: {spiffe: [desk]}, clerk: {spiffe: [clerk]}}
tasks:
  order:   {actor: shop, initial: true}
  reserve: {actor: desk, ttl: 4h, requests: [{methods: [POST], path: /reserve}]}
  cancel:  {actor: shop, requests: [{methods: [POST], path: /cancel}]}
  remind:  {actor: clerk, requests: [{methods: [POST], path: /remind}]}
transitions:
  - {from: order, to: reserve}
  - {from: reserve, to: cancel, within: 2h}
  - {from: reserve, to: remind, after: 15m, within: 3h}
";

fn explain(arguments: &str) -> super::run::Ran {
    let words: Vec<&str> = ["explain", "-"].into_iter().chain(arguments.split_whitespace()).collect();
    with(&words, &[], DOCUMENT.as_bytes())
}

#[test]
fn check_lists_the_times() {
    let ran = with(&["check", "-"], &[], DOCUMENT.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        ", tokens of `reserve` 4h, all others 1h",
        "time        `reserve -> cancel` closes 2h after the arrival at `reserve`\n",
        "time        `reserve -> remind` opens 15m and closes 3h after the arrival at `reserve`\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let json = with(&["check", "-", "--json"], &[], DOCUMENT.as_bytes()).json();
    let workflow = json.pointer("/files/0/contents/0/workflows/0").or(json.pointer("/files/0/workflows/0"));
    let workflow = workflow.unwrap_or_else(|| panic!("{json:#}"));
    assert_eq!(workflow["ttl"], serde_json::json!({"reserve": "4h"}));
    assert_eq!(workflow["times"][1]["after"], "15m");
    let movie = stepgate(&["check", "movie.yaml"]);
    assert!(
        !movie.out.contains("    time ") && movie.out.contains("life        an instance 24h, tokens 1h\n"),
        "{}",
        movie.out
    );
}

/// The default leeway of 30 s: it opens at 12:15:30.
#[test]
fn explain_says_when_a_transition_opens() {
    let permitted = explain("--to reserve --time 2026-11-24T12:00:00Z");
    assert_eq!(permitted.code, 0, "{permitted:?}");
    for line in [
        "desk may call shop: POST /cancel (task cancel), not after 2026-11-24T14:00:30Z",
        "desk may call clerk: POST /remind (task remind), not before 2026-11-24T12:15:30Z, not after 2026-11-24T15:00:30Z",
    ] {
        assert!(permitted.out.contains(line), "{line}: {}", permitted.out);
    }
    let then = |at: &str| {
        explain(&format!("--to reserve --time 2026-11-24T12:00:00Z --then --to remind --time 2026-11-24T{at}Z"))
    };
    let early = then("12:15:29");
    assert_eq!(early.code, 1);
    assert!(
        early.out.contains("DENY TOO_EARLY: the transition opens in 1 s: not before 2026-11-24T12:15:30Z"),
        "{}",
        early.out
    );
    assert_eq!(then("12:15:30").code, 0);
    assert_eq!(then("15:00:30").code, 0);
    let late = then("15:00:31");
    assert!(
        late.code == 1
            && late
                .out
                .contains("DENY TOO_LATE: the transition was open until 1 s ago: not after 2026-11-24T15:00:30Z"),
        "{}",
        late.out
    );
    // Without a step there is nothing to count from.
    let none = explain("--peer desk --self clerk --method POST --path /remind");
    assert!(none.code == 1 && none.out.contains("DENY NO_STEP"), "{}", none.out);
}

#[test]
fn verify_refuses_a_step_of_which_all_transitions_open_later() {
    let only = DOCUMENT.replace("  - {from: reserve, to: cancel, within: 2h}\n", "");
    let only = only.replace("  cancel:  {actor: shop, requests: [{methods: [POST], path: /cancel}]}\n", "");
    let document: String = only.lines().map(|line| format!("    {line}\n")).collect();
    let document = document.replacen("    workflow:", "  - workflow:", 1).replacen("    \n", "", 1);
    let gate = format!("keys: [{{workflow: reservations, kid: k, use: sign, env: KEY}}]\nworkflows:\n{document}");
    let key = [("KEY", r#"{"kty":"oct","alg":"HS256","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#)];
    let mint = ["token", "mint", "-", "--task", "reserve", "--time", "2026-11-24T12:00:00Z"];
    let minted = with(&mint, &key, gate.as_bytes());
    assert_eq!(minted.code, 0, "{minted:?}");
    let verify = |at: &str| {
        let at = format!("2026-11-24T{at}Z");
        with(&["token", "verify", "-", minted.out.trim(), "--time", &at], &key, gate.as_bytes())
    };
    let early = verify("12:00:30");
    assert!(early.code == 1 && early.out.contains("NOT VALID TOO_EARLY: the transition opens in 900 s"), "{early:?}");
    assert!(early.out.contains("not before 2026-11-24T12:15:30Z"), "{early:?}");
    let open = verify("12:15:30");
    assert!(open.code == 0 && open.out.contains("(task remind), not after 2026-11-24T15:00:30Z"), "{open:?}");
    // Its own `ttl`.
    assert!(open.out.contains("2026-11-24T16:00:00Z"), "{open:?}");
    assert!(verify("15:00:31").out.contains("NOT VALID TOO_LATE"));
}

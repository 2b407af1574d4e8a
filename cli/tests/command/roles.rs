//! Who may do what, in the summary of `check`; workloads whose names are not known, in `secrets`; and steps that end before
//! anything can follow, in `explain`.

use serde_json::json;

use super::run::{stepgate, with};

/// The desk is the auditor, too. The process of an insurer.
const CLAIM: &str = "
workflow: claim
revision: 1
trust_domain: insurer.example
namespace: claims
deadline: 336h
actors:
  portal: {}
  desk: {}
  motor: {spiffe: [ns/claims/sa/motor-1, ns/claims/sa/motor-2]}
  medical: {spiffe: [\"ns/claims/pod/{pod}\"]}
  board: {}
  auditor: {spiffe: [ns/claims/sa/desk]}
tasks:
  intake: {actor: portal, initial: true}
  open: {actor: desk, requests: POST /open, split: all}
  first: {actor: motor, requests: POST /first}
  second: {actor: medical, requests: POST /second, ttl: 72h}
  collect: {actor: board, requests: POST /collect, join: all, ttl: 72h}
  pay: {actor: board, requests: POST /pay, ttl: 168h}
  audit: {actor: auditor, requests: POST /audit}
transitions:
  - intake -> open -> first -> collect -> pay
  - open -> second -> collect
  - {from: pay, to: audit, after: 24h}
constraints:
  - separate: [first, second]
  - separate: [open, pay, first]
";

/// The same in a gate's configuration, with another name of its trust domain.
fn gate() -> String {
    let document: String = CLAIM.trim().lines().map(|line| format!("    {line}\n")).collect();
    let document = document.replacen("    workflow", "  - workflow", 1);
    format!(
        "keys: [{{workflow: claim, kid: k, use: sign, env: KEY}}]\nworkflows:\n{document}    trust_domain_aliases: [old.example]\n"
    )
}

#[test]
fn check_shows_who_is_whom() {
    let ran = with(&["check", "-"], &[], gate().as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "roles       spiffe://insurer.example/ns/claims/sa/desk is `auditor` (performs `audit`) and `desk` (performs `open`)",
        "aliases     `old.example`: other names of the trust domain `insurer.example`",
        "constraint  no workload performs both `first` and `second` (`separate`)",
        "constraint  no workload performs two of `open`, `pay` and `first` (`separate`)",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let found = with(&["check", "-", "--json"], &[], gate().as_bytes()).json();
    let workflow = &found["files"][0]["contents"][0]["workflows"][0];
    assert_eq!(
        workflow["workloads"],
        json!([{"spiffe": "spiffe://insurer.example/ns/claims/sa/desk", "roles": [
            {"actor": "auditor", "tasks": ["audit"]}, {"actor": "desk", "tasks": ["open"]},
        ]}])
    );
    assert_eq!(
        workflow["constraints"],
        json!([
            {"relation": "separate", "tasks": ["first", "second"], "left_out": []},
            {"relation": "separate", "tasks": ["open", "pay", "first"], "left_out": []},
        ])
    );
    assert_eq!(
        [&workflow["trust_domain"], &workflow["trust_domain_aliases"]],
        [&json!("insurer.example"), &json!(["old.example"])]
    );
    let movie = stepgate(&["check", "movie.yaml"]);
    assert!(
        !["    roles ", "    aliases ", "    constraint "].iter().any(|row| movie.out.contains(row)),
        "{}",
        movie.out
    );
}

#[test]
fn secrets_names_the_actors_for_which_it_writes_none() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("secrets.yaml");
    let ran = with(&["secrets", "-", "--out", out.to_str().unwrap()], &[], CLAIM.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    let warning = "no Secret is written for spiffe://insurer.example/ns/claims/pod/{pod} (medical)";
    assert!(ran.err.contains(warning), "{}", ran.err);
}

/// The first evidence has 15 minutes left when the board pays: the audit opens a day later.
#[test]
fn explain_says_that_a_step_ends_before_anything_opens() {
    let walk = "--to open --time 2026-11-24T12:00:00Z --then --to first --then --to second --then --to collect --peer motor \
                --then --to collect --peer medical --then --to pay --time 2026-11-27T11:45:00Z --then --to audit";
    let words: Vec<&str> = ["explain", "-"].into_iter().chain(walk.split_whitespace()).collect();
    let ran = with(&words, &[], CLAIM.as_bytes());
    assert!(ran.out.contains("until     2026-11-27T12:00:00Z (in 15 min)"), "{}", ran.out);
    let never = "No transition is open: TOO_EARLY: the first would open in 1 d, and this step ends before: nothing can follow it";
    assert_eq!(ran.out.matches(never).count(), 2, "{}", ran.out);
}

/// What is applied to a cluster can be asked as it is.
#[test]
fn explain_reads_the_manifest_that_has_a_gate() {
    let config: String = gate().lines().map(|line| format!("    {line}\n")).collect();
    let plugin = format!(
        "apiVersion: v1\nkind: Namespace\n---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec:\n  pluginConfig:\n{config}"
    );
    let asked = ["explain", "-", "--to", "open"];
    let ran = with(&asked, &[], plugin.as_bytes());
    assert!(ran.code == 0 && ran.out.contains("PERMIT: it is the transition intake -> open"), "{ran:?}");
    let ran = with(&asked, &[], format!("{plugin}---\n{plugin}").as_bytes());
    assert!(ran.code == 1 && ran.err.contains("has 2 configurations or documents"), "{ran:?}");
    let ran = with(&asked, &[], b"apiVersion: v1\nkind: Namespace\n");
    assert!(ran.code == 1 && ran.err.contains("E006"), "{ran:?}");
}

/// The values of the Helm chart have documents, and no gate.
#[test]
fn check_reads_the_documents_in_values_of_the_chart() {
    let document: String = CLAIM.trim().lines().map(|line| format!("    {line}\n")).collect();
    let values = format!("module: {{url: x}}\nworkflows:\n{}", document.replacen("    workflow", "  - workflow", 1));
    let ran = with(&["check", "-"], &[], values.as_bytes());
    assert!(ran.code == 0 && ran.out.contains("<stdin>: a workflow document"), "{ran:?}");
    let wrong = values.replace("actor: portal", "actor: porter");
    let ran = with(&["check", "-"], &[], wrong.as_bytes());
    assert!(ran.code == 1 && ran.out.contains("E015") && !ran.out.contains("E034"), "{ran:?}");
}

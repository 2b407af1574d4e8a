//! Aliases of trust domains, where documents are compared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_config::read_gate;

/// Two documents that begin with the same request of `x/a` to `x/b`, each in a trust domain of its own.
fn contested(domains: [&str; 2]) -> usize {
    let document = |name: &str, domain: &str| {
        format!(
            "  - workflow: {name}\n    revision: 1\n    assurance: identity\n    {domain}\n    \
             actors: {{a: {{spiffe: [x/a]}}, b: {{spiffe: [x/b]}}}}\n    \
             tasks: {{start: {{actor: a, initial: true}}, work: {{actor: b, requests: [{{path: /w}}]}}}}\n    \
             transitions: [{{from: start, to: work}}]\n"
        )
    };
    let [one, other] = domains;
    let text = format!("workflows:\n{}{}", document("one", one), document("other", other));
    let gate = read_gate(text.as_bytes()).checked.unwrap_or_else(|| panic!("{text}"));
    gate.starts().contested.len()
}

#[test]
fn starts_are_compared_under_all_names_of_a_workload() {
    const NEW: &str = "trust_domain: new.example";
    const OLD: &str = "trust_domain: old.example";
    const BOTH: &str = "trust_domain: new.example\n    trust_domain_aliases: [old.example]";
    const OLDER: &str = "trust_domain: newer.example\n    trust_domain_aliases: [old.example, older.example]";
    for (domains, expected) in [
        ([NEW, OLD], 0),
        ([NEW, NEW], 1),
        ([BOTH, OLD], 1),
        ([OLD, BOTH], 1),
        ([BOTH, NEW], 1),
        ([BOTH, BOTH], 1),
        // Only the name that both have.
        ([BOTH, OLDER], 1),
        ([NEW, OLDER], 0),
    ] {
        assert_eq!(contested(domains), expected, "{domains:?}");
    }
}

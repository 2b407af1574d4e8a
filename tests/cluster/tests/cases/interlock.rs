//! The interlock's policies without a gate before them, and at ports without HTTP.

use stepgate_cluster_tests::{Cluster, Result, until};

use crate::fixture::Fixture;
use crate::requests::{INTERLOCK_HEADER, SOON, post, verdict};
use crate::tree::{secret_value, until_answered};

pub(crate) fn takes_its_own_secrets_only(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let (cluster, mixed) = fixture.mixed()?;
    let original = mixed.tree.built(cluster, "stages/enforce")?;
    let first = secret_value(cluster, "bakery", "oven", "STEPGATE_INTERLOCK_1")?;
    let third = secret_value(cluster, "bakery", "baker", "STEPGATE_INTERLOCK_1")?;
    cluster.kubectl(&["delete", "--namespace", "bakery", "wasmplugin", "stepgate"])?;
    mixed.until_without_gate(cluster)?;
    let with = |value: &str| {
        let request = post("/loaves/1").header(INTERLOCK_HEADER, value);
        mixed.call(cluster, &request).map(|answer| verdict(&answer))
    };
    let refused = |value: &str| {
        let before = mixed.oven.count();
        assert_eq!(with(value)?, (403, None), "{value}");
        assert_eq!(mixed.oven.count(), before);
        Ok::<_, stepgate_cluster_tests::Error>(())
    };
    // Absent, empty, wrong, another workload's, the right value with a suffix, two wrong values.
    let before = mixed.oven.count();
    assert_eq!(verdict(&mixed.call(cluster, &post("/loaves/1"))?), (403, None));
    for value in ["", "unset", &third, &format!("{first}x"), &format!("{first},{first}"), &first.to_uppercase()] {
        refused(value)?;
    }
    let twice = post("/loaves/1").header(INTERLOCK_HEADER, "unset").header(INTERLOCK_HEADER, third.as_str());
    assert_eq!(verdict(&mixed.call(cluster, &twice)?), (403, None));
    assert_eq!(mixed.oven.count(), before);
    assert_eq!(with(&first)?, (200, None));
    assert_eq!(mixed.oven.count(), before + 1);
    // Istio's condition is met if any line matches. That is harmless, because the sender has to know the secret.
    let one_of_two = post("/loaves/1").header(INTERLOCK_HEADER, "unset").header(INTERLOCK_HEADER, first.as_str());
    assert_eq!(verdict(&mixed.call(cluster, &one_of_two)?), (200, None));

    // During a rollout two values are valid.
    let rotated = |steps: &[&str]| {
        steps.iter().try_for_each(|step| mixed.tree.rotate(step))?;
        mixed.tree.render(&module)?;
        apply_without_gate(cluster, &mixed.tree.built(cluster, "stages/enforce")?)
    };
    rotated(&["preload"])?;
    let next = secret_value(cluster, "bakery", "oven", "STEPGATE_INTERLOCK_2")?;
    until_answered("the next interlock to be taken", || with(&next), (200, None))?;
    assert_eq!(with(&first)?, (200, None));
    refused(&third)?;
    // Afterwards only the new one is valid.
    rotated(&["switch", "retire"])?;
    until_answered("the first interlock to be refused", || with(&first), (403, None))?;
    refused(&first)?;
    assert_eq!(with(&next)?, (200, None));

    // The proxies still have the interlock that they were started with.
    cluster.apply_text(&original)?;
    mixed.until_decided(cluster)
}

/// Applies a stage without its plugins.
fn apply_without_gate(cluster: &Cluster, stage: &str) -> Result<()> {
    let kept: Vec<&str> = stage.split("\n---\n").filter(|document| !document.contains("kind: WasmPlugin")).collect();
    cluster.apply_text(&kept.join("\n---\n")).map(drop)
}

/// A condition on headers would match every connection of a port without HTTP.
pub(crate) fn spares_ports_without_http(fixture: &mut Fixture) -> Result<()> {
    let (cluster, mixed) = fixture.mixed()?;
    let stage = mixed.tree.built(cluster, "stages/enforce")?;
    let echoes = |expected: bool| {
        let what = if expected { "the port without HTTP to answer" } else { "it to be cut off" };
        until(SOON, what, || Ok((mixed.echo(cluster)?.contains("no request of HTTP") == expected).then_some(())))
    };
    echoes(true)?;
    let spared = "  - to:\n    - operation:\n        notPorts:\n        - \"9000\"\n    when:";
    let everywhere = stage.replace(spared, "  - when:");
    // Not `assert_ne`, which would show the secrets.
    assert!(everywhere != stage, "the policy spares no port");
    // As rendered without `--tcp-port`.
    cluster.apply_text(&everywhere)?;
    echoes(false)?;
    mixed.until_decided(cluster)?;
    cluster.apply_text(&stage)?;
    echoes(true)
}

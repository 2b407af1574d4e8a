//! The interlock's policies where no gate stands before them, and at ports without HTTP.

use stepgate_cluster_tests::{Cluster, Result, until};

use crate::bed::{Bed, INTERLOCK_HEADER, SOON, post};
use crate::estates::verdict;
use crate::tree::{held, until_answered};

pub(crate) fn takes_its_own_secrets_only(bed: &mut Bed) -> Result<()> {
    let module = bed.compat.clone();
    let (cluster, yard) = bed.yard()?;
    let original = yard.tree.built(cluster, "stages/enforce")?;
    let first = held(cluster, "yard", "oven", "STEPGATE_INTERLOCK_1")?;
    let third = held(cluster, "yard", "baker", "STEPGATE_INTERLOCK_1")?;
    cluster.kubectl(&["delete", "--namespace", "yard", "wasmplugin", "stepgate"])?;
    yard.until_without_gate(cluster)?;
    let with = |value: &str| {
        let request = post("/loaves/1").header(INTERLOCK_HEADER, value);
        yard.call(cluster, &request).map(|answer| verdict(&answer))
    };
    let refused = |value: &str| {
        let before = yard.oven.count();
        assert_eq!(with(value)?, (403, None), "{value}");
        assert_eq!(yard.oven.count(), before);
        Ok::<_, stepgate_cluster_tests::Error>(())
    };
    // Absent, empty, wrong, another workload's, the right one with something more, two that are wrong.
    let before = yard.oven.count();
    assert_eq!(verdict(&yard.call(cluster, &post("/loaves/1"))?), (403, None));
    for value in ["", "unset", &third, &format!("{first}x"), &format!("{first},{first}"), &first.to_uppercase()] {
        refused(value)?;
    }
    let twice = post("/loaves/1").header(INTERLOCK_HEADER, "unset").header(INTERLOCK_HEADER, third.as_str());
    assert_eq!(verdict(&yard.call(cluster, &twice)?), (403, None));
    assert_eq!(yard.oven.count(), before);
    assert_eq!(with(&first)?, (200, None));
    assert_eq!(yard.oven.count(), before + 1);
    // Istio's condition holds if any line fits: no harm, since it takes somebody who knows the secret.
    let one_of_two = post("/loaves/1").header(INTERLOCK_HEADER, "unset").header(INTERLOCK_HEADER, first.as_str());
    assert_eq!(verdict(&yard.call(cluster, &one_of_two)?), (200, None));

    // During a roll-out two are good.
    let rotated = |steps: &[&str]| {
        steps.iter().try_for_each(|step| yard.tree.rotate(step))?;
        yard.tree.render(&module)?;
        apply_without_gate(cluster, &yard.tree.built(cluster, "stages/enforce")?)
    };
    rotated(&["preload"])?;
    let next = held(cluster, "yard", "oven", "STEPGATE_INTERLOCK_2")?;
    until_answered("the next interlock to be taken", || with(&next), (200, None))?;
    assert_eq!(with(&first)?, (200, None));
    refused(&third)?;
    // Afterwards only the new one is.
    rotated(&["switch", "retire"])?;
    until_answered("the first interlock to be refused", || with(&first), (403, None))?;
    refused(&first)?;
    assert_eq!(with(&next)?, (200, None));

    // The proxies still hold what they were started with.
    cluster.apply_text(&original)?;
    yard.until_decided(cluster)
}

/// A stage without its plugins.
fn apply_without_gate(cluster: &Cluster, stage: &str) -> Result<()> {
    let kept: Vec<&str> = stage.split("\n---\n").filter(|document| !document.contains("kind: WasmPlugin")).collect();
    cluster.apply_text(&kept.join("\n---\n")).map(drop)
}

/// A condition on headers holds for every connection of a port without HTTP.
pub(crate) fn spares_ports_without_http(bed: &mut Bed) -> Result<()> {
    let (cluster, yard) = bed.yard()?;
    let stage = yard.tree.built(cluster, "stages/enforce")?;
    let echoes = |wanted: bool| {
        let what = if wanted { "the port without HTTP to answer" } else { "it to be cut off" };
        until(SOON, what, || Ok((yard.echo(cluster)?.contains("no request of HTTP") == wanted).then_some(())))
    };
    echoes(true)?;
    let spared = "  - to:\n    - operation:\n        notPorts:\n        - \"9000\"\n    when:";
    let everywhere = stage.replace(spared, "  - when:");
    // Not `assert_ne`, which would show the secrets.
    assert!(everywhere != stage, "the policy spares no port");
    // What is rendered without `--tcp-port`.
    cluster.apply_text(&everywhere)?;
    echoes(false)?;
    yard.until_decided(cluster)?;
    cluster.apply_text(&stage)?;
    echoes(true)
}

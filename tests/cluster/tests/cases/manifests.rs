//! The manifests are accepted, by checks that also refuse wrong ones.

use stepgate_cluster_tests::Result;

use crate::fixture::Fixture;

pub(crate) fn are_accepted(fixture: &mut Fixture) -> Result<()> {
    fixture.apply_original()?;
    // An unknown field: the API server's strict validation.
    let refused = fixture.apply_changed("failStrategy: FAIL_CLOSE", "failStrategie: FAIL_CLOSE").unwrap_err();
    assert!(refused.to_string().contains("failStrategie"), "{refused}");
    // A value outside an enumeration: the definition's schema.
    let refused = fixture.apply_changed("phase: AUTHZ", "phase: SOMETIME").unwrap_err();
    assert!(refused.to_string().contains("SOMETIME"), "{refused}");
    // A value that only Istio's own webhook checks.
    let refused = fixture.apply_changed("request.headers[x-stepgate-permit]", "request.hedders[x]").unwrap_err();
    assert!(refused.to_string().contains("rev.validation.istio.io"), "{refused}");
    fixture.apply_original()
}

pub(crate) fn are_sound(fixture: &mut Fixture) -> Result<()> {
    let analyze = ["analyze", "--namespace", "movie", "--failure-threshold", "Warning"];
    fixture.cluster.istioctl(&analyze)?;
    // A policy that selects no workload.
    fixture.apply_changed("app: color", "app: colour")?;
    let said = fixture.cluster.istioctl(&analyze).unwrap_err().to_string();
    assert!(said.contains("IST0127") && said.contains("stepgate-color-interlock"), "{said}");
    fixture.apply_original()
}

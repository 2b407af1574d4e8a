//! What a cluster owner applies is accepted, by checks that can refuse.

use stepgate_cluster_tests::Result;

use crate::bed::Bed;

pub(crate) fn are_accepted(bed: &mut Bed) -> Result<()> {
    bed.apply_original()?;
    // An unknown field: the API server's strict validation.
    let refused = bed.apply_changed("failStrategy: FAIL_CLOSE", "failStrategie: FAIL_CLOSE").unwrap_err();
    assert!(refused.to_string().contains("failStrategie"), "{refused}");
    // A value outside an enumeration: the definition's schema.
    let refused = bed.apply_changed("phase: AUTHZ", "phase: SOMETIME").unwrap_err();
    assert!(refused.to_string().contains("SOMETIME"), "{refused}");
    // What only Istio's own webhook knows.
    let refused = bed.apply_changed("request.headers[x-stepgate-permit]", "request.hedders[x]").unwrap_err();
    assert!(refused.to_string().contains("rev.validation.istio.io"), "{refused}");
    bed.apply_original()
}

pub(crate) fn are_sound(bed: &mut Bed) -> Result<()> {
    let analyze = ["analyze", "--namespace", "movie", "--failure-threshold", "Warning"];
    bed.cluster.istioctl(&analyze)?;
    // A policy that guards nobody.
    bed.apply_changed("app: color", "app: colour")?;
    let said = bed.cluster.istioctl(&analyze).unwrap_err().to_string();
    assert!(said.contains("IST0127") && said.contains("stepgate-color-interlock"), "{said}");
    bed.apply_original()
}

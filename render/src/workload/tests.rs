//! SPIFFE IDs that name a workload, and others.

use super::*;

fn of(id: &str) -> Option<String> {
    Workload::of(&SpiffeId::try_from(id.as_bytes()).unwrap()).map(|workload| workload.to_string())
}

#[test]
fn only_names_that_kubernetes_accepts_are_a_workload() {
    assert_eq!(of("spiffe://a/ns/movie/sa/vfx-1"), Some("movie/vfx-1".into()));
    assert_eq!(of("spiffe://a/ns/movie/sa/vfx.1"), Some("movie/vfx.1".into()));
    for id in [
        "spiffe://a/ns/movie/sa/VFX",
        "spiffe://a/ns/mo.vie/sa/x",
        "spiffe://a/ns/movie/sa/x/y",
        "spiffe://a/ns/movie/sa/-x",
        "spiffe://a/sa/movie/ns/x",
        "spiffe://a/x",
    ] {
        assert_eq!(of(id), None, "{id}");
    }
    assert!(Workload::named("..", "x").is_none() && Workload::named("movie", "..").is_none());
}

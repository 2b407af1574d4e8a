//! `port`, as a sidecar knows it.

use stepgate_cluster_tests::{Request, Result, until};

use crate::fixture::Fixture;
use crate::requests::SOON;

/// The port of the Services.
const SERVICE_PORT: u16 = 80;

/// An exemption for the port of the application matches, and one for the port of the Service does not.
pub(crate) fn are_the_applications(fixture: &mut Fixture) -> Result<()> {
    let own = fixture.pod("owner").address().port();
    assert_ne!(own, SERVICE_PORT);
    let exempt = format!(
        "    exempt:\n    - path: /of-the-pod\n      port: {own}\n    - path: /of-the-service\n      port: {SERVICE_PORT}\n    interlock:"
    );
    fixture.apply_changed("    interlock:", &exempt)?;
    let status = |path: &str| Ok(fixture.call("hdr", "owner", &Request::new("GET", path))?.status);
    let exempted = until(SOON, "the exemption to arrive", || Ok((status("/of-the-pod")? == 200).then_some(())));
    let of_the_service = exempted.and_then(|()| status("/of-the-service"));
    fixture.apply_original()?;
    assert_eq!(of_the_service?, 403);
    Ok(())
}

//! The effects of observe/mesh-config.yaml and the Telemetry: metrics with labels, an access log with codes.

use serde_json::Value;
use stepgate_cluster_tests::{Result, until};

use crate::fixture::Fixture;
use crate::requests::{SOON, STEP, code, post, step};

/// The value of a metric in `/stats/prometheus` with all of these labels.
fn sample(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let of = |line: &&str| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label));
    metrics.lines().find(of)?.rsplit_once(' ')?.1.parse().ok()
}

pub(crate) fn in_metrics(fixture: &mut Fixture) -> Result<()> {
    let token = step(&fixture.call("owner", "vfx-1", &post("/shots/metrics"))?)?;
    // A denial is counted for a workflow once a signature proves to which one the step belongs.
    let stolen = post("/shots/metrics").header(STEP, token.as_str());
    assert_eq!(code(&fixture.call("hdr", "vfx-1", &stolen)?).as_deref(), Some("WRONG_HOLDER"));
    let look = || fixture.pod("vfx-1").envoy_admin("stats/prometheus");
    let permits = ["workflow=\"movie\"", "transition=\"brief->shots\""];
    let denials = ["workflow=\"movie\"", "code=\"WRONG_HOLDER\""];
    let metrics = until(SOON, "a permit and a denial to be counted", || {
        let metrics = look()?;
        let counted = |name, labels: &[&str]| sample(&metrics, name, labels).is_some_and(|count| count >= 1.0);
        let both = counted("stepgate_permits", &permits) && counted("stepgate_denials", &denials);
        Ok(both.then_some(metrics))
    });
    let metrics = metrics.map_err(|error| error.with_log("the metrics", &stepgates(&look().unwrap_or_default())))?;
    let lines_of_gate = stepgates(&metrics);
    let gate = ["workflow=\"movie\"", "revision=\"1\"", "digest=\"", "mode=\"enforce\"", "version=\""];
    assert!(sample(&metrics, "stepgate_gate", &gate).is_some(), "{lines_of_gate}");
    assert!(sample(&metrics, "stepgate_key", &["kid=\"movie.k", "use=\"sign\""]).is_some(), "{lines_of_gate}");
    // A label that the mesh configuration does not extract would remain in the name.
    assert!(!metrics.lines().any(|line| line.starts_with("stepgate") && line.contains("=_")), "{lines_of_gate}");
    // Exists only with `proxyStatsMatcher`: the requests that reached the application.
    let inbound = sample(&metrics, "envoy_cluster_upstream_rq_total", &["inbound|"]);
    assert!(inbound.is_some_and(|count| count >= 1.0), "{inbound:?}");
    Ok(())
}

fn stepgates(metrics: &str) -> String {
    metrics.lines().filter(|line| line.contains("stepgate")).collect::<Vec<_>>().join("\n")
}

/// The Telemetry of the stage logs only requests that were refused or failed.
pub(crate) fn in_the_access_log(fixture: &mut Fixture) -> Result<()> {
    let token = step(&fixture.call("owner", "vfx-1", &post("/shots/logged"))?)?;
    for (path, step) in [("/shots/logged-without", None), ("/shots/logged-stolen", Some(token.as_str()))] {
        let request = step.into_iter().fold(post(path), |request, step| request.header(STEP, step));
        assert_eq!(fixture.call("hdr", "vfx-1", &request)?.status, 403);
    }
    let line = |path: &'static str| {
        let is = move |line: &Value| line["path"].as_str().is_some_and(|of| of.starts_with(path));
        let found = until(SOON, path, || Ok(fixture.pod("vfx-1").access_log().into_iter().find(is)));
        found.map_err(|error| fixture.pod("vfx-1").explain(error))
    };
    let without = line("/shots/logged-without")?;
    assert!(without["status"] == 403 && without["code"] == "stepgate:NO_STEP", "{without}");
    assert!(without["instance"].is_null() && without["peer"] == "spiffe://cluster.local/ns/movie/sa/hdr", "{without}");
    assert_eq!(without["self"], "spiffe://cluster.local/ns/movie/sa/vfx-1");
    // A signature proves to which instance the stolen step belongs.
    let stolen = line("/shots/logged-stolen")?;
    assert_eq!(stolen["code"], "stepgate:WRONG_HOLDER", "{stolen}");
    assert!(stolen["instance"].as_str().is_some_and(|instance| instance.len() > 8), "{stolen}");
    // The permitted request came before both, and is not logged.
    let lines = fixture.pod("vfx-1").access_log();
    let mut own = lines.iter().filter(|line| line["path"].as_str().is_some_and(|of| of.starts_with("/shots/logged")));
    assert!(own.all(|line| line["status"].as_u64() >= Some(400)));
    Ok(())
}

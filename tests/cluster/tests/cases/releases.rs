//! Every manifest, checked by the API server, Istio's webhook, `istioctl validate`, and the definitions of the supported
//! releases.

use serde_json::{Value, json};
use stepgate_cluster_tests::{Cluster, Error, Kubernetes, Result, until_established};

use crate::fixture::Fixture;
use crate::flavours;

const TRY: [&str; 6] = ["apply", "--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts", "-f"];

fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn is_istios(object: &Value) -> bool {
    text(object, "/apiVersion").contains(".istio.io/")
}

/// A waypoint is a Gateway of the Gateway API, which is not installed in the mesh of the fixture.
fn is_a_waypoint(object: &Value) -> bool {
    text(object, "/apiVersion").starts_with("gateway.networking.k8s.io/")
}

fn list<'o>(objects: impl Iterator<Item = &'o Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects.collect::<Vec<_>>()}).to_string()
}

/// The plugin with an unknown field.
fn broken(objects: &[Value]) -> Value {
    let mut plugin = objects.iter().find(|object| text(object, "/kind") == "WasmPlugin").expect("a plugin").clone();
    plugin["spec"]["failStrategie"] = json!("FAIL_CLOSE");
    plugin
}

/// The newest Istio: with its webhook, and with `istioctl`.
pub(crate) fn the_newest_takes_every_flavour(fixture: &mut Fixture) -> Result<()> {
    let objects = flavours::objects(&fixture.cluster, &fixture.programs)?;
    let here: Vec<&Value> = objects.iter().filter(|object| !is_a_waypoint(object)).collect();
    let kinds: std::collections::BTreeSet<&str> = objects.iter().map(|object| text(object, "/kind")).collect();
    assert!(here.len() > 100 && here.len() < objects.len() && kinds.len() == 12, "{} {kinds:?}", here.len());
    fixture.cluster.kubectl_with(&[&TRY[..], &["-"]].concat(), &list(here.into_iter()))?;
    let refused =
        fixture.cluster.kubectl_with(&[&TRY[..], &["-"]].concat(), &broken(&objects).to_string()).unwrap_err();
    assert!(refused.to_string().contains("failStrategie"), "{refused}");

    validate(&fixture.cluster, objects.iter().filter(|object| is_istios(object)))?;
    let mut policy = objects.iter().find(|object| text(object, "/kind") == "AuthorizationPolicy").expect("one").clone();
    policy["spec"]["rules"] = json!([{"when": [{"key": "request.hedders[x]", "notValues": ["x"]}]}]);
    let refused = validate(&fixture.cluster, std::iter::once(&policy)).unwrap_err().to_string();
    assert!(refused.contains("request.hedders"), "{refused}");
    Ok(())
}

fn validate<'o>(cluster: &Cluster, objects: impl Iterator<Item = &'o Value>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("all.yaml");
    std::fs::write(&file, objects.map(|object| format!("{object}\n")).collect::<Vec<_>>().join("---\n"))?;
    cluster.istioctl(&["validate", "--filename", &file.display().to_string()]).map(drop)
}

/// An API server without a mesh, with the definitions of one release after the other.
pub(crate) fn the_others_take_what_they_know(fixture: &mut Fixture) -> Result<()> {
    let programs = &fixture.programs;
    let objects = flavours::objects(&fixture.cluster, &fixture.programs)?;
    let api = Kubernetes::alone(programs)?;
    for namespace in ["movie", "istio-system"] {
        api.kubectl(&["create", "namespace", namespace], None)?;
    }
    define(&api, &std::fs::read_to_string(&programs.gateway_api)?)?;
    for (release, definitions) in &programs.releases {
        let definitions = std::fs::read_to_string(definitions)?;
        define(&api, &definitions)?;
        let known = |object: &&Value| {
            text(object, "/kind") != "TrafficExtension" || definitions.contains("kind: TrafficExtension")
        };
        let checked = || objects.iter().filter(|object| is_istios(object) || is_a_waypoint(object)).filter(known);
        let of = |error: Error| error.while_doing(format!("Istio {release}"));
        let taken = api.kubectl(&[&TRY[..], &["-"]].concat(), Some(&list(checked()))).map_err(of)?;
        assert_eq!(taken.lines().count(), checked().count(), "{release}: {taken}");
        let refused = api.kubectl(&[&TRY[..], &["-"]].concat(), Some(&broken(&objects).to_string())).unwrap_err();
        assert!(refused.to_string().contains("failStrategie"), "{release}: {refused}");
        let extension = objects.iter().find(|object| text(object, "/kind") == "TrafficExtension").expect("one");
        let taken = api.kubectl(&[&TRY[..], &["-"]].concat(), Some(&extension.to_string())).is_ok();
        assert_eq!(taken, known(&extension), "{release}");
        // Deleted, not replaced: no manifest is checked against the definitions of another release.
        api.kubectl(&["delete", "-f", "-"], Some(&definitions))?;
    }
    Ok(())
}

fn define(api: &Kubernetes, definitions: &str) -> Result<()> {
    api.kubectl(&["apply", "--server-side", "-f", "-"], Some(definitions))?;
    until_established(|wait| api.kubectl(wait, None))
}

//! Requests through the inbound listener of a real Envoy: the time that a filter there adds to each.

use std::path::Path;
use std::time::Instant;

use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Workload};

use super::effort::Effort;
use super::empty::EmptyFilter;
use super::native;
use super::process::cpu;
use super::rounds::in_turns;
use super::rows::{Row, Spread, rows};
use super::scene::{CALLED, CALLER, Further, GUARDED_HEADER, Level, REQUEST, Scene};
use super::streams;
use super::variant::Variant;
use crate::environment::Environment;

/// The rows of latency and of processor time.
///
/// All listeners are in one Envoy with one worker, so that they share everything but the filter; a batch
/// goes over one connection, one request after the other.
pub(super) fn through_envoy(effort: &Effort, module: &Path, keys: &Environment) -> Result<Vec<Row>, String> {
    let empty = EmptyFilter::write()?;
    let mut variants = variants(module, empty.path(), keys)?;
    let mut spec = MeshSpec::new(variants.iter().map(workload).collect());
    spec.envoys = Envoys::OneForAll;
    let mesh = Mesh::start(spec).map_err(|error| error.to_string())?;
    let caller = mesh.authority().issue(&[CALLER]).map_err(|error| error.to_string())?;
    // Connections are opened, and each VM gets its first requests, before the measurement.
    for variant in &mut variants {
        batch(&mesh, &caller, variant, effort.requests.min(20))?;
    }
    let labels: Vec<&str> = variants.iter().map(|variant| variant.label).collect();
    let [latency, cpu] = in_turns(effort.request_rounds, variants.len(), |at| {
        let variant = variants.get_mut(at).ok_or("no such variant")?;
        batch(&mesh, &caller, variant, effort.requests)
    })?;
    let mut all = rows("a request through Envoy: latency", "µs", &labels, &latency);
    all.extend(rows("a request through Envoy: processor time of Envoy", "µs", &labels, &cpu));
    eprintln!("bench: streams through Envoy");
    all.extend(streams::through_envoy(effort, &mesh, &caller, &mut variants)?);
    Ok(all)
}

fn variants(module: &Path, empty: &Path, keys: &Environment) -> Result<Vec<Variant>, String> {
    let plugin = |module: &Path, configuration: String| {
        Some(Plugin { module: module.into(), configuration, environment: keys.0.clone() })
    };
    let native = |level| Ok::<_, String>(vec![native::jwt_authn(level, keys)?, native::rbac()]);
    let mut found: Vec<Variant> = Vec::new();
    let mut add = |label, plugin, filters, level, further| -> Result<(), String> {
        let site = format!("site-{}", found.len());
        found.push(Variant { label, site, plugin, filters, scene: Scene::new(level, further, keys)? });
        Ok(())
    };
    add("no filter", None, Vec::new(), Level::Hs256, Further::NONE)?;
    add("an empty Wasm filter", plugin(empty, String::new()), Vec::new(), Level::Hs256, Further::NONE)?;
    add("rbac", None, vec![native::rbac()], Level::Hs256, Further::NONE)?;
    add("jwt_authn HS256, rbac", None, native(Level::Hs256)?, Level::Hs256, Further::NONE)?;
    add("jwt_authn ES256, rbac", None, native(Level::Es256)?, Level::Es256, Further::NONE)?;
    for level in Level::ALL {
        add(level.label(), plugin(module, level.configuration(Further::NONE)), Vec::new(), level, Further::NONE)?;
    }
    // The cost of ES256 without Envoy's own crypto.
    let in_rust = format!("crypto: rust\n{}", Level::Es256.configuration(Further::NONE));
    add("gate, signed ES256, in Rust", plugin(module, in_rust), Vec::new(), Level::Es256, Further::NONE)?;
    for (label, further) in
        [("gate, 10,000 transitions", Further::LARGE), ("gate, 4,000 of one task", Further::Fan(4_000))]
    {
        let gate = plugin(module, Level::Hs256.configuration(further));
        add(label, gate, Vec::new(), Level::Hs256, further)?;
    }
    Ok(found)
}

fn workload(variant: &Variant) -> Workload {
    let mut workload = Workload::new(variant.site.clone(), CALLED);
    workload.egress = None;
    workload.inbound.plugin.clone_from(&variant.plugin);
    workload.inbound.filters.clone_from(&variant.filters);
    workload
}

/// The median latency of a batch, and Envoy's processor time for each of its requests, both in µs.
fn batch(mesh: &Mesh, caller: &Credential, variant: &mut Variant, count: usize) -> Result<[f64; 2], String> {
    let requests: Vec<Request> = variant.scene.steps(count)?.into_iter().map(request).collect();
    let process = *mesh.process_ids().first().ok_or("no Envoy")?;
    let before = cpu(process)?;
    let mut latencies = Vec::with_capacity(count);
    for request in &requests {
        let begun = Instant::now();
        let response = mesh.call_directly(Some(caller), &variant.site, request).map_err(|error| error.to_string())?;
        latencies.push(begun.elapsed().as_secs_f64() * 1e6);
        if response.status != 200 {
            let body = String::from_utf8_lossy(&response.body);
            return Err(format!("{}: status {}: {body}", variant.label, response.status));
        }
    }
    let spent = cpu(process)? - before;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok([Spread::of(latencies).median, spent / f64::from(count.max(1))])
}

fn request(step: String) -> Request {
    let ((method, path), (name, value)) = (REQUEST, GUARDED_HEADER);
    Request::new(method, path).header(name, value).header("x-workflow-step", step)
}

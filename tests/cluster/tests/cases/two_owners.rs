//! Two owners on one mesh: steps, keys and changes of one have no effect at the other.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use stepgate_cluster_tests::{Cluster, Error, Result, until};

use crate::fixture::Fixture;
use crate::module::Pushed;
use crate::requests::{INTERLOCK_HEADER, SOON, STEP, code, post, verdict};
use crate::tenants::Tenants;
use crate::tree::{secret_value, until_answered};

/// A gate logs this when it has accepted a configuration.
const READY: &str = "\"stepgate\":\"ready\"";

/// Permitted callers and the workloads that they call.
const NORTH: (&str, &str) = ("shop.north", "depot.north");
const SOUTH: (&str, &str) = ("shop.south", "depot.south-stock");
const CROSSING: (&str, &str) = ("shop.north", "depot.south-stock");

pub(crate) fn run_side_by_side(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let both = |(from, to): (&str, &str)| {
        let packed = tenants.hop(cluster, (from, to), "/parcels/1", None)?;
        tenants.hop(cluster, (to, from), "/settled/1", Some(&packed))
    };
    both(NORTH)?;
    both(SOUTH)?;
    // Across three namespaces; the depot and the shop of the south are actors of two workflows.
    let received = tenants.hop(cluster, CROSSING, "/returns/1", None)?;
    tenants.hop(cluster, ("depot.south-stock", "shop.south"), "/refunds/1", Some(&received)).map(drop)
}

pub(crate) fn have_nothing_for_each_other(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let with = |path: &str, step: &str| post(path).header(STEP, step);
    let of_north = tenants.hop(cluster, NORTH, "/parcels/2", None)?;
    let of_south = tenants.hop(cluster, SOUTH, "/parcels/2", None)?;
    let returned = tenants.hop(cluster, CROSSING, "/returns/2", None)?;
    let denied = |way, path: &str, step: &str, code| tenants.denied(cluster, way, &with(path, step), code);
    // A workload of the same name in another namespace is an outsider, whatever step it has.
    for step in [&of_north, &of_south] {
        denied(("depot.north", "shop.south"), "/settled/2", step, "OUTSIDER")?;
        denied(("depot.south-stock", "shop.north"), "/settled/2", step, "OUTSIDER")?;
    }
    // An actor of one workflow of the south is not an actor of the other.
    tenants.denied(cluster, CROSSING, &post("/parcels/2"), "WRONG_REQUEST")?;
    denied(CROSSING, "/parcels/2", &of_north, "UNKNOWN_KEY")?;
    denied(CROSSING, "/returns/2", &of_south, "WRONG_HOLDER")?;
    denied(CROSSING, "/returns/2", &returned, "WRONG_HOLDER")?;
    // The same actor cannot use a step of one workflow in the other.
    let back = ("depot.south-stock", "shop.south");
    denied(back, "/refunds/2", &of_south, "WRONG_REQUEST")?;
    denied(back, "/settled/2", &returned, "WRONG_REQUEST")?;
    denied(back, "/settled/2", &format!("{of_south},{returned}"), "BAD_STEP")?;
    // None of these attempts has consumed a step.
    tenants.hop(cluster, back, "/settled/2", Some(&of_south))?;
    tenants.hop(cluster, back, "/refunds/2", Some(&returned))?;
    tenants.hop(cluster, ("depot.north", "shop.north"), "/settled/2", Some(&of_north)).map(drop)
}

/// Tokens minted with stolen keys: the south's documents are not secret.
pub(crate) fn cannot_sign_for_each_other(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let key_of_north = secret_value(cluster, "north", "depot", "STEPGATE_KEY_PARCELS")?;
    let key_of_south = secret_value(cluster, "south-stock", "depot", "STEPGATE_KEY_PARCELS")?;
    let back = ("depot.south-stock", "shop.south");
    let show = |step: &str, code| tenants.denied(cluster, back, &post("/settled/3").header(STEP, step), code);
    let mint = |kid: &str, key: &str| tenants.south.mint("pack", "depot", (kid, key));
    show(&mint("parcels.k1", &key_of_north)?, "UNKNOWN_KEY")?;
    show(&mint("parcels.depot.k1", &key_of_north)?, "BAD_SIGNATURE")?;
    // The south's own actors cannot sign for each other either.
    show(&mint("parcels.shop.k1", &key_of_south)?, "BAD_SIGNATURE")?;
    // The counterpart: with its own key the same token is valid.
    tenants.hop(cluster, back, "/settled/3", Some(&mint("parcels.depot.k1", &key_of_south)?)).map(drop)
}

/// While the gate is away, the interlock of the other owner's workload does not open this one.
pub(crate) fn have_interlocks_of_their_own(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let interlock = |namespace| secret_value(cluster, namespace, "depot", "STEPGATE_INTERLOCK");
    let (theirs, own) = (interlock("north")?, interlock("south-stock")?);
    cluster.kubectl(&["delete", "--namespace", "south-stock", "wasmplugin", "stepgate-depot"])?;
    let with = |value: &str| {
        let request = post("/parcels/4").header(INTERLOCK_HEADER, value);
        tenants.call(cluster, SOUTH.0, SOUTH.1, &request).map(|answer| verdict(&answer))
    };
    // A gate would answer with a code, and permit the right caller whatever the header contains.
    let outsider = || tenants.call(cluster, CROSSING.0, SOUTH.1, &post("/parcels/4"));
    until_answered("the gate to be away", || outsider().map(|answer| verdict(&answer)), (403, None))?;
    assert_eq!(with(&own)?, (200, None));
    let before = tenants.pod(SOUTH.1).count();
    assert_eq!(with(&theirs)?, (403, None));
    assert_eq!(tenants.pod(SOUTH.1).count(), before);
    tenants.south.apply(cluster, "stages/enforce")?;
    tenants.until_decided(cluster, SOUTH.0, SOUTH.1)
}

/// The north changes its configuration, breaks it, turns it off and rotates, while the south is under load.
pub(crate) fn change_nothing_for_each_other(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let (cluster, tenants) = fixture.tenants()?;
    let over = AtomicBool::new(false);
    let load = |(from, to): (&'static str, &'static str), expected: u16| {
        let over = &over;
        move || {
            let mut count = 0_u32;
            while !over.load(Ordering::SeqCst) {
                let (status, code) = verdict(&tenants.call(cluster, from, to, &post("/parcels/load"))?);
                if status != expected {
                    return Err(Error::new(format!("{from} got {status} {code:?} from {to} after {count}")));
                }
                count += 1;
            }
            Ok(count)
        }
    };
    let configurations = configurations(tenants)?;
    std::thread::scope(|scope| {
        let permitted = scope.spawn(load(SOUTH, 200));
        let refused = scope.spawn(load(("shop.north", "depot.south-stock"), 403));
        let changed = change(cluster, tenants, &module);
        over.store(true, Ordering::SeqCst);
        let [permitted, refused] = [permitted.join().expect("a thread"), refused.join().expect("a thread")];
        changed?;
        let (permitted, refused) = (permitted?, refused?);
        println!("        {permitted} requests permitted in the south, {refused} refused meanwhile");
        assert!(permitted > 20 && refused > 20, "hardly any load");
        Ok::<_, Error>(())
    })?;
    assert_eq!(self::configurations(tenants)?, configurations, "a gate of the south was configured anew");
    run_side_by_side(fixture)
}

/// Makes all changes, each until it is in force in the north.
fn change(cluster: &Cluster, tenants: &Tenants, module: &Pushed) -> Result<()> {
    let north = &tenants.north;
    let enforced = north.built(cluster, "stages/enforce")?;
    let begin = || tenants.call(cluster, NORTH.0, NORTH.1, &post("/parcels/5")).map(|answer| verdict(&answer));
    let intrude = || tenants.call(cluster, "shop.south", NORTH.1, &post("/parcels/5")).map(|answer| verdict(&answer));
    until_answered("the south to be an outsider in the north", intrude, (403, Some("OUTSIDER")))?;
    north.apply_text(cluster, &enforced.replace("    interlock:", "    interlokc:"))?;
    until_answered("the north's broken configuration", begin, (403, Some("NO_CONFIG")))?;
    let revoked = "    revoked:\n      workflows:\n      - parcels\n    interlock:";
    north.apply_text(cluster, &enforced.replace("    interlock:", revoked))?;
    until_answered("the north's workflow to be revoked", begin, (403, Some("REVOKED")))?;
    north.apply(cluster, "stages/off")?;
    until_answered("the north's gates to be off", intrude, (200, None))?;
    north.apply_text(cluster, &enforced)?;
    until_answered("the north's gates to be back", intrude, (403, Some("OUTSIDER")))?;
    north.rotate("preload")?;
    north.render(module)?;
    north.apply(cluster, "stages/enforce")?;
    let policy = ["get", "--namespace", "north", "authorizationpolicy", "stepgate-depot-interlock", "--output=yaml"];
    let policy = cluster.kubectl(&policy)?;
    assert_eq!(policy.matches("\n      - ").count(), 2, "not two interlocks: {policy}");
    // An instance that begins after the rotation continues.
    let packed = tenants.hop(cluster, NORTH, "/parcels/6", None)?;
    tenants.hop(cluster, ("depot.north", "shop.north"), "/settled/6", Some(&packed)).map(drop)
}

/// The configuration of each gate of the south, and how often it has started.
fn configurations(tenants: &Tenants) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for name in ["shop.south", "depot.south-stock"] {
        let pod = tenants.pod(name);
        let dump: Value = serde_json::from_str(&pod.envoy_admin("config_dump?resource=ecds_filters")?)?;
        let filters = dump.get("configs").and_then(Value::as_array).into_iter().flatten();
        let filters: Vec<Value> = filters.filter_map(|one| one.get("ecds_filter").cloned()).collect();
        let filters = serde_json::to_string(&filters)?;
        assert!(filters.contains(&format!("{}.stepgate-", pod.namespace())), "{name}: {filters}");
        assert!(!filters.contains("north.stepgate"), "{name} has a gate of the north");
        let ready = pod.proxy_log().matches(READY).count();
        assert!(ready > 0, "{name} has not logged that it is ready");
        found.push((filters, ready));
    }
    Ok(found)
}

/// Kubernetes' access control, under which the trees were applied.
pub(crate) fn reach_their_own_namespaces_only(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let kinds = ["secret", "wasmplugin", "authorizationpolicy", "networkpolicy"];
    for (account, own, others) in [
        ("north:owner", &["north"][..], &["south", "south-stock", "movie", "istio-system"][..]),
        ("south:owner", &["south", "south-stock"], &["north", "movie", "istio-system"]),
    ] {
        let r#as = format!("--as=system:serviceaccount:{account}");
        let get = |kind: &str, namespace: &str| {
            cluster.kubectl(&[&r#as, "get", kind, "--namespace", namespace, "--output=name"])
        };
        for kind in kinds {
            for namespace in own {
                assert!(get(kind, namespace)?.contains(kind), "{account} has no {kind} in {namespace}");
            }
            for namespace in others {
                let said = get(kind, namespace).expect_err("it must not be read").to_string();
                assert!(said.contains("Forbidden"), "{account} {kind} {namespace}: {said}");
            }
        }
    }
    // With an owner's rights nothing can be applied in the other's namespaces, nor in the root namespace, where it would
    // affect the whole mesh.
    let plugin = tenants.north.built(cluster, "base")?;
    for namespace in ["south", "istio-system"] {
        let elsewhere = plugin.replace("namespace: north", &format!("namespace: {namespace}"));
        let said = tenants.north.apply_text(cluster, &elsewhere).expect_err("it must not be taken").to_string();
        assert!(said.contains("orbidden"), "{said}");
    }
    tenants.north.apply(cluster, "stages/enforce").map(drop)
}

/// Istio exports a VirtualService to the whole mesh by default, so one owner can route the other's requests to a workload
/// of their own. The gate of that workload denies such a caller.
pub(crate) fn cannot_lead_requests_astray(fixture: &mut Fixture) -> Result<()> {
    let (cluster, tenants) = fixture.tenants()?;
    let route = r#"{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "astray", "namespace": "north"},
        "spec": {"hosts": ["depot.south-stock.svc.cluster.local"], "http": [{"route": [{"destination":
            {"host": "depot.north.svc.cluster.local", "port": {"number": 80}}}]}]}}"#;
    let counts = || [NORTH.1, SOUTH.1].map(|name| tenants.pod(name).count());
    let before = counts();
    tenants.north.apply_text(cluster, route)?;
    let call = || tenants.call(cluster, SOUTH.0, SOUTH.1, &post("/parcels/7"));
    let led = until(SOON, "the route to be in force", || Ok(Some(call()?).filter(|answer| answer.status != 200)))?;
    assert_eq!(verdict(&led), (403, Some("OUTSIDER".into())));
    assert_eq!(counts()[0], before[0], "the north's application has seen a request of the south");
    cluster.kubectl(&["delete", "--namespace", "north", "virtualservice", "astray"])?;
    until(SOON, "the route to be gone", || Ok((code(&call()?).is_none()).then_some(())))?;
    assert!(counts()[1] > before[1]);
    Ok(())
}

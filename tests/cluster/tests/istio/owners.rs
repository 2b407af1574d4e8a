//! Several owners on one mesh: what is one's is of no use at the other's, and has no effect there.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use stepgate_cluster_tests::{Cluster, Error, Result, until};

use crate::bed::{Bed, INTERLOCK_HEADER, Pushed, SOON, STEP, code, post};
use crate::estates::{Estates, verdict};
use crate::tree::{held, until_answered};

/// What a gate says when it has taken a configuration.
const READY: &str = "\"stepgate\":\"ready\"";

/// Who may call whom.
const NORTH: (&str, &str) = ("shop.north", "depot.north");
const SOUTH: (&str, &str) = ("shop.south", "depot.south-stock");
const CROSSING: (&str, &str) = ("shop.north", "depot.south-stock");

pub(crate) fn run_side_by_side(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
    let both = |(from, to): (&str, &str)| {
        let packed = estates.hop(cluster, (from, to), "/parcels/1", None)?;
        estates.hop(cluster, (to, from), "/settled/1", Some(&packed))
    };
    both(NORTH)?;
    both(SOUTH)?;
    // Over three namespaces; the depot and the shop of the south take part in two workflows.
    let received = estates.hop(cluster, CROSSING, "/returns/1", None)?;
    estates.hop(cluster, ("depot.south-stock", "shop.south"), "/refunds/1", Some(&received)).map(drop)
}

pub(crate) fn have_nothing_for_each_other(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
    let with = |path: &str, step: &str| post(path).header(STEP, step);
    let of_north = estates.hop(cluster, NORTH, "/parcels/2", None)?;
    let of_south = estates.hop(cluster, SOUTH, "/parcels/2", None)?;
    let returned = estates.hop(cluster, CROSSING, "/returns/2", None)?;
    let denied = |way, path: &str, step: &str, code| estates.denied(cluster, way, &with(path, step), code);
    // A namesake is nobody here, whatever it shows.
    for step in [&of_north, &of_south] {
        denied(("depot.north", "shop.south"), "/settled/2", step, "OUTSIDER")?;
        denied(("depot.south-stock", "shop.north"), "/settled/2", step, "OUTSIDER")?;
    }
    // Who is an actor of one workflow of the south is none of the other.
    estates.denied(cluster, CROSSING, &post("/parcels/2"), "WRONG_REQUEST")?;
    denied(CROSSING, "/parcels/2", &of_north, "UNKNOWN_KEY")?;
    denied(CROSSING, "/returns/2", &of_south, "WRONG_HOLDER")?;
    denied(CROSSING, "/returns/2", &returned, "WRONG_HOLDER")?;
    // Nor does one workflow's step help in another, in one and the same actor's hands.
    let back = ("depot.south-stock", "shop.south");
    denied(back, "/refunds/2", &of_south, "WRONG_REQUEST")?;
    denied(back, "/settled/2", &returned, "WRONG_REQUEST")?;
    denied(back, "/settled/2", &format!("{of_south},{returned}"), "BAD_STEP")?;
    // Nothing of that has used anything up.
    estates.hop(cluster, back, "/settled/2", Some(&of_south))?;
    estates.hop(cluster, back, "/refunds/2", Some(&returned))?;
    estates.hop(cluster, ("depot.north", "shop.north"), "/settled/2", Some(&of_north)).map(drop)
}

/// Tokens made with stolen keys: the south's documents are no secret.
pub(crate) fn cannot_sign_for_each_other(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
    let key_of_north = held(cluster, "north", "depot", "STEPGATE_KEY_PARCELS")?;
    let key_of_south = held(cluster, "south-stock", "depot", "STEPGATE_KEY_PARCELS")?;
    let back = ("depot.south-stock", "shop.south");
    let show = |step: &str, code| estates.denied(cluster, back, &post("/settled/3").header(STEP, step), code);
    let mint = |kid: &str, key: &str| estates.south.mint("pack", "depot", (kid, key));
    show(&mint("parcels.k1", &key_of_north)?, "UNKNOWN_KEY")?;
    show(&mint("parcels.depot.k1", &key_of_north)?, "BAD_SIGNATURE")?;
    // Not even the south's own actors for each other.
    show(&mint("parcels.shop.k1", &key_of_south)?, "BAD_SIGNATURE")?;
    // So that the above means something: with its own key the same token is a good one.
    estates.hop(cluster, back, "/settled/3", Some(&mint("parcels.depot.k1", &key_of_south)?)).map(drop)
}

/// The interlock of a namesake opens nothing while the gate is away.
pub(crate) fn have_interlocks_of_their_own(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
    let interlock = |namespace| held(cluster, namespace, "depot", "STEPGATE_INTERLOCK");
    let (theirs, own) = (interlock("north")?, interlock("south-stock")?);
    cluster.kubectl(&["delete", "--namespace", "south-stock", "wasmplugin", "stepgate-depot"])?;
    let with = |value: &str| {
        let request = post("/parcels/4").header(INTERLOCK_HEADER, value);
        estates.call(cluster, SOUTH.0, SOUTH.1, &request).map(|answer| verdict(&answer))
    };
    // A gate would give a code, and let the rightful caller in whatever the header says.
    let outsider = || estates.call(cluster, CROSSING.0, SOUTH.1, &post("/parcels/4"));
    until_answered("the gate to be away", || outsider().map(|answer| verdict(&answer)), (403, None))?;
    assert_eq!(with(&own)?, (200, None));
    let before = estates.pod(SOUTH.1).count();
    assert_eq!(with(&theirs)?, (403, None));
    assert_eq!(estates.pod(SOUTH.1).count(), before);
    estates.south.apply(cluster, "stages/enforce")?;
    estates.until_decided(cluster, SOUTH.0, SOUTH.1)
}

/// The north changes its configuration, breaks it, turns it off and rotates; the south is under load.
pub(crate) fn change_nothing_for_each_other(bed: &mut Bed) -> Result<()> {
    let module = bed.compat.clone();
    let (cluster, estates) = bed.estates()?;
    let over = AtomicBool::new(false);
    let load = |(from, to): (&'static str, &'static str), wanted: u16| {
        let over = &over;
        move || {
            let mut count = 0_u32;
            while !over.load(Ordering::SeqCst) {
                let (status, code) = verdict(&estates.call(cluster, from, to, &post("/parcels/load"))?);
                if status != wanted {
                    return Err(Error::new(format!("{from} got {status} {code:?} from {to} after {count}")));
                }
                count += 1;
            }
            Ok(count)
        }
    };
    let configurations = configurations(estates)?;
    std::thread::scope(|scope| {
        let permitted = scope.spawn(load(SOUTH, 200));
        let refused = scope.spawn(load(("shop.north", "depot.south-stock"), 403));
        let changed = change(cluster, estates, &module);
        over.store(true, Ordering::SeqCst);
        let [permitted, refused] = [permitted.join().expect("a thread"), refused.join().expect("a thread")];
        changed?;
        let (permitted, refused) = (permitted?, refused?);
        println!("        {permitted} requests permitted in the south, {refused} refused meanwhile");
        assert!(permitted > 20 && refused > 20, "hardly any load");
        Ok::<_, Error>(())
    })?;
    assert_eq!(self::configurations(estates)?, configurations, "a gate of the south was configured anew");
    run_side_by_side(bed)
}

/// All of it, each until it is in force in the north.
fn change(cluster: &Cluster, estates: &Estates, module: &Pushed) -> Result<()> {
    let north = &estates.north;
    let enforced = north.built(cluster, "stages/enforce")?;
    let begin = || estates.call(cluster, NORTH.0, NORTH.1, &post("/parcels/5")).map(|answer| verdict(&answer));
    let intrude = || estates.call(cluster, "shop.south", NORTH.1, &post("/parcels/5")).map(|answer| verdict(&answer));
    until_answered("the south to be nobody in the north", intrude, (403, Some("OUTSIDER")))?;
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
    // What begins on the other side of it goes on.
    let packed = estates.hop(cluster, NORTH, "/parcels/6", None)?;
    estates.hop(cluster, ("depot.north", "shop.north"), "/settled/6", Some(&packed)).map(drop)
}

/// What configuration each gate of the south has, and how often one has come up.
fn configurations(estates: &Estates) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for name in ["shop.south", "depot.south-stock"] {
        let pod = estates.pod(name);
        let dump: Value = serde_json::from_str(&pod.envoy_admin("config_dump?resource=ecds_filters")?)?;
        let filters = dump.get("configs").and_then(Value::as_array).into_iter().flatten();
        let filters: Vec<Value> = filters.filter_map(|one| one.get("ecds_filter").cloned()).collect();
        let filters = serde_json::to_string(&filters)?;
        assert!(filters.contains(&format!("{}.stepgate-", pod.namespace())), "{name}: {filters}");
        assert!(!filters.contains("north.stepgate"), "{name} has a gate of the north");
        let ready = pod.proxy_log().matches(READY).count();
        assert!(ready > 0, "{name} never said that it is ready");
        found.push((filters, ready));
    }
    Ok(found)
}

/// Kubernetes' own rules: the rendered trees were applied under them.
pub(crate) fn reach_their_own_namespaces_only(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
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
    // Nor can what is applied with an owner's rights land with the other, or in the root namespace, where it
    // would be for the whole mesh.
    let plugin = estates.north.built(cluster, "base")?;
    for namespace in ["south", "istio-system"] {
        let elsewhere = plugin.replace("namespace: north", &format!("namespace: {namespace}"));
        let said = estates.north.apply_text(cluster, &elsewhere).expect_err("it must not be taken").to_string();
        assert!(said.contains("orbidden"), "{said}");
    }
    estates.north.apply(cluster, "stages/enforce").map(drop)
}

/// Istio exports a VirtualService to the whole mesh unless it is told otherwise, so one owner can lead the other's
/// requests to a workload of their own. Its gate knows no such caller.
pub(crate) fn cannot_lead_requests_astray(bed: &mut Bed) -> Result<()> {
    let (cluster, estates) = bed.estates()?;
    let route = r#"{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "astray", "namespace": "north"},
        "spec": {"hosts": ["depot.south-stock.svc.cluster.local"], "http": [{"route": [{"destination":
            {"host": "depot.north.svc.cluster.local", "port": {"number": 80}}}]}]}}"#;
    let counts = || [NORTH.1, SOUTH.1].map(|name| estates.pod(name).count());
    let before = counts();
    estates.north.apply_text(cluster, route)?;
    let call = || estates.call(cluster, SOUTH.0, SOUTH.1, &post("/parcels/7"));
    let led = until(SOON, "the route to be in force", || Ok(Some(call()?).filter(|answer| answer.status != 200)))?;
    assert_eq!(verdict(&led), (403, Some("OUTSIDER".into())));
    assert_eq!(counts()[0], before[0], "the north's application has seen a request of the south");
    cluster.kubectl(&["delete", "--namespace", "north", "virtualservice", "astray"])?;
    until(SOON, "the route to be gone", || Ok((code(&call()?).is_none()).then_some(())))?;
    assert!(counts()[1] > before[1]);
    Ok(())
}

//! The NetworkPolicies of `stepgate render istio`.

use serde_json::{Value, json};

use super::render::{files, find, read, render, tour};

const EGRESS: [&str; 2] = ["--registry-cidr", "10.0.0.9/32"];

/// The policies of the tour with these flags.
fn policies(flags: &[&str]) -> Vec<Value> {
    let (_dir, tour) = tour();
    read(&files(&[&[tour.as_str()], flags].concat()), "components/network/network.yaml")
}

/// The rules of a policy in a namespace.
fn rules(all: &[Value], namespace: &str, name: &str) -> Value {
    let of: Vec<Value> = all.iter().filter(|policy| policy["metadata"]["namespace"] == namespace).cloned().collect();
    let spec = &find(&of, "NetworkPolicy", name)["spec"];
    [&spec["ingress"], &spec["egress"]].into_iter().find(|rules| rules.is_array()).unwrap().clone()
}

fn pods(namespace: &str, labels: Value) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": labels},
    })
}

fn block(cidr: &str) -> Value {
    json!({"ipBlock": {"cidr": cidr}})
}

#[test]
fn namespaces_may_call_only_along_transitions() {
    let (_dir, tour) = tour();
    let ran = render(&[&tour, "--registry-cidr", "10.0.0.9/32"]);
    assert!(ran.err.contains("spiffe://else.where/ns/x/sa/y"), "{}", ran.err);
    let all = read(&ran.json(), "components/network/network.yaml");
    assert_eq!(
        find(&all, "NetworkPolicy", "stepgate-bank-ingress")["spec"]["podSelector"],
        json!({"matchLabels": {"app": "bank"}})
    );
    let from_shop = json!([{"from": [pods("shop", json!({"app": "shop"}))]}]);
    assert_eq!(rules(&all, "bank", "stepgate-bank-ingress"), from_shop);
    assert!(all.iter().all(|policy| policy["metadata"]["name"] != "stepgate-edge-ingress"), "nobody calls it");
    let egress = rules(&all, "shop", "stepgate-egress");
    let named: Vec<u64> = egress.as_array().unwrap().iter().filter_map(|to| to["ports"][0]["port"].as_u64()).collect();
    assert_eq!(named, [53, 15012]);
    assert!(egress.to_string().contains("10.0.0.9/32") && !egress.to_string().contains("0.0.0.0/0"));
    // Without --registry-cidr the registry must stay reachable.
    let open = render(&[&tour]);
    assert!(open.err.contains("--registry-cidr") && !open.out.contains("Egress"), "{}", open.err);
}

#[test]
fn names_may_be_resolved_where_the_cluster_does_it() {
    let servers = ["openshift-dns:5353", "169.254.20.10/32", "fd00:ec2::253/128:53", "own-dns", "10.0.0.10/32:1053"];
    let flags: Vec<&str> = servers.iter().flat_map(|server| ["--dns", server]).chain(EGRESS).collect();
    let egress = rules(&policies(&flags), "shop", "stepgate-egress");
    let both = |to: Value, port: u16| json!({"to": [to], "ports": [{"protocol": "UDP", "port": port}, {"protocol": "TCP", "port": port}]});
    let namespace = |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    let dns: Vec<&Value> =
        egress.as_array().unwrap().iter().filter(|rule| rule["ports"][0]["protocol"] == "UDP").collect();
    let expected = [
        both(namespace("kube-system"), 53),
        both(namespace("openshift-dns"), 5353),
        both(block("169.254.20.10/32"), 53),
        both(block("fd00:ec2::253/128"), 53),
        both(namespace("own-dns"), 53),
        both(block("10.0.0.10/32"), 1053),
    ];
    assert_eq!(dns, expected.iter().collect::<Vec<_>>());
}

/// Istio's CNI gives the kubelet's probes of ambient pods these addresses.
#[test]
fn probes_reach_pods_in_ambient() {
    let own = json!({"podSelector": {}});
    let probes = [block("169.254.7.127/32"), block("fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128")];
    let ambient = rules(&policies(&["--attach", "waypoint"]), "shop", "stepgate-ingress");
    assert_eq!(ambient, json!([{"from": [own, probes[0], probes[1]]}]));
    // With sidecars they come from the node, which every policy admits.
    assert_eq!(rules(&policies(&[]), "shop", "stepgate-ingress"), json!([{"from": [own]}]));
}

#[test]
fn peers_of_other_clusters_are_admitted_by_their_addresses() {
    let all = policies(
        &[&["--peer", "shop=10.8.0.0/16", "--peer", "shop=fd00:8::/64", "--peer", "other=192.0.2.7/32"], &EGRESS[..]]
            .concat(),
    );
    let shop = pods("shop", json!({"app": "shop"}));
    let blocks = [block("10.8.0.0/16"), block("fd00:8::/64")];
    // The shop calls the bank, and is called by the edge. The bank calls the other one.
    assert_eq!(rules(&all, "bank", "stepgate-bank-ingress"), json!([{"from": [shop, blocks[0], blocks[1]]}]));
    assert_eq!(rules(&all, "ingress", "stepgate-edge-egress"), json!([{"to": [shop, blocks[0], blocks[1]]}]));
    assert_eq!(rules(&all, "bank", "stepgate-bank-egress"), json!([{"to": [block("192.0.2.7/32")]}]));
    assert!(!rules(&all, "shop", "stepgate-shop-ingress").to_string().contains("ipBlock"), "the edge is here");
    let (_dir, tour) = tour();
    let named = render(&[&tour, "--peer", "other=192.0.2.7/32"]);
    assert!(named.code == 0 && !named.err.contains("else.where"), "{named:?}");
    let unknown = render(&[&tour, "--peer", "nobody=10.8.0.0/16"]);
    assert!(unknown.code == 2 && unknown.err.contains("`nobody`"), "{unknown:?}");
}

#[test]
fn a_gateway_may_have_labels_of_its_own() {
    let (_dir, tour) = tour();
    let entry = ["--entry", "edge=tour.example.com"];
    let flags = [&[tour.as_str()], &entry[..], &["--entry-labels", "edge=istio=ingress,x.example/role=front"]].concat();
    let files = files(&flags);
    let labels = json!({"istio": "ingress", "x.example/role": "front"});
    let gateway = read(&files, "entry/entry.yaml");
    assert_eq!(find(&gateway, "Gateway", "stepgate-edge")["spec"]["selector"], labels);
    let all = read(&files, "components/network/network.yaml");
    assert_eq!(rules(&all, "shop", "stepgate-shop-ingress"), json!([{"from": [pods("ingress", labels)]}]));
    let no_entry = render(&[&tour, "--entry-labels", "edge=istio=ingress"]);
    assert!(no_entry.code == 2 && no_entry.err.contains("--entry edge="), "{no_entry:?}");
}

#[test]
fn impossible_addresses_and_labels_are_refused() {
    for (flag, value) in [
        ("--dns", "10.0.0.0/33"),
        ("--dns", "10.0.0.0/32:0"),
        ("--dns", "kube_system"),
        ("--dns", "kube-system:65536"),
        ("--dns", ":53"),
        ("--peer", "shop"),
        ("--peer", "shop=10.8.0.0"),
        ("--peer", "=10.8.0.0/16"),
        ("--entry-labels", "edge"),
        ("--entry-labels", "edge=istio"),
        ("--entry-labels", "edge=istio=a b"),
        ("--entry-labels", "edge=istio=a,istio=b"),
        ("--entry-labels", "=istio=ingress"),
        ("--entry-labels", "edge="),
    ] {
        let ran = render(&["movie.yaml", flag, value]);
        assert!(ran.code == 2 && ran.err.contains(flag) && ran.err.contains("such as"), "{flag} {value}: {ran:?}");
    }
}

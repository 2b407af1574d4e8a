//! The routes of an ingress gateway lead each request to the task that gates take it for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod fixture;

use std::collections::BTreeMap;

use fixture::options;
use serde_json::{Value, json};
use stepgate_render::{Document, istio};

/// The routes of `edge` to these tasks, each with its performer, by the name of the task.
fn routes(tasks: &[(&str, &str, Value)]) -> Vec<(String, Value)> {
    let mut all = json!({"call": {"actor": "edge", "initial": true}});
    for (name, actor, requests) in tasks {
        all[name] = json!({"actor": actor, "requests": requests});
    }
    let starts: Vec<Value> = tasks.iter().map(|(name, ..)| json!({"from": "call", "to": name})).collect();
    let text = json!({
        "workflow": "w", "revision": 1, "trust_domain": "cluster.local",
        "actors": {
            "edge": {"spiffe": ["ns/edge/sa/edge"]},
            "shop": {"spiffe": ["ns/p/sa/shop"], "hosts": ["shop.p.svc.cluster.local:8080"]},
            "bank": {"spiffe": ["ns/p/sa/bank"], "hosts": ["bank.p.svc.cluster.local"]},
        },
        "tasks": all, "transitions": starts,
    });
    let workflow = stepgate_config::read_workflow(text.to_string().as_bytes()).into_result();
    let workflow = workflow.unwrap_or_else(|found| panic!("{}", found[0])).0;
    let rendered = istio(&[Document { json: text, workflow }], None, &options(None, &["shop.example.com"])).unwrap();
    let file = rendered.files.into_iter().find(|file| file.path == "entry/entry.yaml").unwrap();
    let service = file.text.split("\n---\n").find(|text| text.contains("kind: VirtualService")).unwrap();
    let service = stepgate_config::to_json(service.as_bytes()).unwrap();
    let routes = service["spec"]["http"].as_array().unwrap().iter();
    routes.map(|route| (route["name"].as_str().unwrap().to_owned(), route.clone())).collect()
}

/// Istio takes the first route that matches.
#[test]
fn a_narrower_task_of_another_workload_comes_first() {
    let found = routes(&[
        ("all", "shop", json!([{"path": "/**"}, {"path": "/x"}])),
        ("show", "shop", json!([{"methods": ["POST"], "path": "/accounts/{id}"}])),
        ("any", "bank", json!([{"path": "/carts/{id}"}])),
        ("cart", "shop", json!([{"methods": ["POST"], "path": "/carts/{id}"}])),
        ("admin", "bank", json!([{"methods": ["POST"], "path": "/accounts/admin"}])),
    ]);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["admin", "show", "cart", "any", "all"]);
    assert_eq!(found[4].1["match"], json!([{"uri": {"regex": "/x"}}, {"uri": {"regex": "/.+"}}]));
}

/// A gate takes a request for the task only with this host, and clients outside have another.
#[test]
fn a_task_of_a_host_is_called_by_it() {
    let found: BTreeMap<String, Value> = routes(&[
        ("within", "shop", json!([{"path": "/a", "host": "shop.p.svc.cluster.local"}, {"path": "/b"}])),
        ("outside", "bank", json!([{"path": "/c", "host": "shop.example.com"}])),
        ("any", "shop", json!([{}])),
    ])
    .into_iter()
    .filter(|(name, route)| name != "within" || route["match"] == json!([{"uri": {"regex": "/a"}}]))
    .collect();
    assert_eq!(found["within"]["rewrite"], json!({"authority": "shop.p.svc.cluster.local"}));
    assert!(found["outside"].get("rewrite").is_none() && found["any"].get("match").is_none());
}

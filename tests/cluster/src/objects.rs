//! The Kubernetes objects of a pod.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::pod::{Pod, Proxy};

const NODE: &str = "node-1";

/// Service account, Service, Pod and EndpointSlice, as one list.
pub(crate) fn of_pod(pod: &Pod, address: Ipv4Addr, service: Ipv4Addr) -> String {
    let Pod { name, namespace, service_account, .. } = pod;
    let mut labels = json!({"app": name, "service.istio.io/canonical-name": name});
    if let Some(labels) = labels.as_object_mut() {
        labels.extend(pod.labels.iter().map(|(name, value)| (name.clone(), json!(value))));
        if pod.proxy != Proxy::None {
            labels.insert("security.istio.io/tlsMode".into(), json!("istio"));
        }
    }
    let ports = pod.ports();
    let listens: Vec<Value> = ports.iter().map(|port| json!({"containerPort": port.target})).collect();
    let application = pod.proxy.has_application().then(|| json!({"name": "app", "image": "none", "ports": listens}));
    let proxy = (pod.proxy != Proxy::None).then(|| json!({"name": "istio-proxy", "image": "none"}));
    let containers: Vec<Value> = [application, proxy].into_iter().flatten().collect();
    let of_service = ports.iter().map(|port| json!({"name": port.name, "port": port.port, "targetPort": port.target}));
    let of_endpoints = ports.iter().map(|port| json!({"name": port.name, "port": port.target, "protocol": "TCP"}));
    let (of_service, of_endpoints): (Vec<Value>, Vec<Value>) = (of_service.collect(), of_endpoints.collect());
    let items: [Value; 4] = [
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": service_account, "namespace": namespace},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"clusterIP": service, "selector": {"app": name}, "ports": of_service},
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {
                "serviceAccountName": service_account, "automountServiceAccountToken": false, "nodeName": NODE,
                "containers": containers,
            },
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {
                "name": name, "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "tests"},
            },
            "ports": of_endpoints,
            "endpoints": [{
                "addresses": [address], "nodeName": NODE,
                "conditions": {"ready": true, "serving": true, "terminating": false},
                "targetRef": {"kind": "Pod", "name": name, "namespace": namespace},
            }],
        }),
    ];
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// The status that a kubelet reports for a running pod.
pub(crate) fn running(address: Ipv4Addr) -> String {
    let so = |ty: &str| json!({"type": ty, "status": "True"});
    json!({"status": {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "10.77.0.254",
        "conditions": [so("Ready"), so("ContainersReady"), so("Initialized"), so("PodScheduled")],
    }})
    .to_string()
}

//! Istio, installed by its own charts.

use std::fs;

use crate::control_plane::WEBHOOK;
use crate::error::Result;
use crate::host::Host;
use crate::kubernetes::DIRECTORY;
use crate::programs::repository;

const CHARTS: &str = "/run/cluster/share/charts";

/// Installs it from the host's files, and waits until istiod is ready. `run` runs a line of shell as the administrator
/// of the cluster.
pub(super) fn install(host: &Host, run: impl Fn(&str) -> Result<String>) -> Result<()> {
    let values = host.file(DIRECTORY).join("istiod.yaml");
    fs::write(values, include_str!("istiod.yaml"))?;
    run("kubectl create namespace istio-system")?;
    run(&format!("helm install istio-base {CHARTS}/base --namespace istio-system"))?;
    // An address that is known in advance; the chart's own Service keeps it.
    run(&format!("kubectl -n istio-system create service clusterip istiod --clusterip={WEBHOOK} --tcp=15012"))?;
    let observed = repository().join("observe/mesh-config.yaml");
    run(&format!(
        "helm template istiod {CHARTS}/istio-discovery --namespace istio-system --values {} --values \
         {DIRECTORY}/istiod.yaml | kubectl apply --server-side --force-conflicts --filename -",
        observed.display()
    ))?;
    run("kubectl -n istio-system rollout status deployment/istiod --timeout=180s").map(drop)
}

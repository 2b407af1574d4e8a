//! Istio, installed by its own charts.

use std::fs;

use super::WholeCluster;
use crate::control_plane::WEBHOOK;
use crate::error::Result;
use crate::host::output;
use crate::kubernetes::DIRECTORY;
use crate::programs::repository;

const CHARTS: &str = "/run/bed/share/charts";

/// Installs it, and waits until istiod is ready.
pub(super) fn install(cluster: &WholeCluster) -> Result<()> {
    let values = cluster.host().file(DIRECTORY).join("istiod.yaml");
    fs::write(values, include_str!("istiod.yaml"))?;
    let run = |line: &str| output(cluster.command("bash").args(["-e", "-o", "pipefail", "-c", line]), None);
    run("kubectl create namespace istio-system")?;
    run(&format!("helm install istio-base {CHARTS}/base --namespace istio-system"))?;
    // An address that is known beforehand; the chart's own Service keeps it.
    run(&format!("kubectl -n istio-system create service clusterip istiod --clusterip={WEBHOOK} --tcp=15012"))?;
    let observed = repository().join("observe/mesh-config.yaml");
    run(&format!(
        "helm template istiod {CHARTS}/istio-discovery --namespace istio-system --values {} --values \
         {DIRECTORY}/istiod.yaml | kubectl apply --server-side --force-conflicts --filename -",
        observed.display()
    ))?;
    run("kubectl -n istio-system rollout status deployment/istiod --timeout=180s").map(drop)
}

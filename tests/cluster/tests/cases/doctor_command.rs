//! `stepgate doctor`, run where the connections of `kubectl port-forward` arrive: on the loopback of a pod, and of istiod.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use stepgate_cluster_tests::{Error, Host, Result};
use tempfile::TempDir;

use crate::fixture::Fixture;

const ADMIN: &str = "http://127.0.0.1:15000";
const ISTIOD: &str = "http://127.0.0.1:15014";

/// The doctor, with the configuration that it should find: that of the API server.
pub(crate) struct Doctor {
    folder: TempDir,
    stepgate: std::path::PathBuf,
}

/// Kinds of findings.
pub(crate) type Findings = BTreeSet<String>;

impl Doctor {
    pub(crate) fn new(fixture: &Fixture) -> Result<Self> {
        let doctor = Self { folder: tempfile::tempdir()?, stepgate: fixture.programs.stepgate.clone() };
        let of = ["get", "wasmplugin", "--namespace", "movie", "stepgate", "--output=jsonpath={.spec.pluginConfig}"];
        doctor.expect(&fixture.cluster.kubectl(&of)?)?;
        Ok(doctor)
    }

    /// From now on the doctor should find this configuration.
    pub(crate) fn expect(&self, configuration: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join("expected.json"), configuration)?)
    }

    /// The findings at a pod's own proxy.
    pub(crate) fn of_proxy(&self, host: &Host) -> Result<Findings> {
        let report = self.report(host, &["--admin", &format!("proxy={ADMIN}")])?;
        only_proxy(&report, "proxy")
    }

    /// The findings at istiod for a proxy, `POD.NAMESPACE`.
    pub(crate) fn of_istiod(&self, fixture: &Fixture, name: &str) -> Result<Findings> {
        only_proxy(&self.report(fixture.cluster.control_plane(), &["--istiod", ISTIOD])?, name)
    }

    /// The whole report of all proxies that istiod serves.
    pub(crate) fn of_mesh(&self, fixture: &Fixture) -> Result<Value> {
        self.report(fixture.cluster.control_plane(), &["--istiod", ISTIOD])
    }

    /// The same without a file.
    pub(crate) fn of_mesh_alone(&self, fixture: &Fixture) -> Result<Value> {
        read(self.run_with(None, fixture.cluster.control_plane(), &["--istiod", ISTIOD, "--json"])?)
    }

    /// The report on a pod's own proxy as text.
    pub(crate) fn text_of_proxy(&self, host: &Host, more: &[&str]) -> Result<String> {
        self.run(host, &[&["--admin", &format!("proxy={ADMIN}")], more].concat()).map(|(_, said)| said)
    }

    /// The exit code and the output of the report on istiod.
    pub(crate) fn of_istiod_away(&self, fixture: &Fixture) -> Result<(Option<i32>, String)> {
        self.run(fixture.cluster.control_plane(), &["--istiod", ISTIOD])
    }

    fn report(&self, host: &Host, of: &[&str]) -> Result<Value> {
        read(self.run(host, &[of, &["--json"]].concat())?)
    }

    fn run(&self, host: &Host, of: &[&str]) -> Result<(Option<i32>, String)> {
        self.run_with(Some(&self.folder.path().join("expected.json")), host, of)
    }

    fn run_with(&self, file: Option<&Path>, host: &Host, of: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = host.command(&self.stepgate.display().to_string());
        let output = command.arg("doctor").args(file).args(of).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }
}

fn read((code, said): (Option<i32>, String)) -> Result<Value> {
    let report: Value = serde_json::from_str(&said)
        .map_err(|_| Error::new(format!("the doctor's output ({code:?}) is not JSON: {said}")))?;
    let all = report["proxies"].as_array().into_iter().flatten().chain([&report]);
    let clean = all.into_iter().all(|of| of["findings"].as_array().is_some_and(Vec::is_empty));
    // Scripts depend on the code.
    assert_eq!(code, Some(i32::from(!clean)), "{said}");
    Ok(report)
}

fn only_proxy(report: &Value, name: &str) -> Result<Findings> {
    let proxies = report["proxies"].as_array().into_iter().flatten();
    let mut of_name = proxies.filter(|proxy| proxy["name"] == name);
    let (Some(proxy), None) = (of_name.next(), of_name.next()) else {
        return Err(Error::new(format!("`{name}` is not in the report exactly once: {report}")));
    };
    Ok(kinds(proxy))
}

/// The kinds of the findings of a proxy, or of the mesh.
pub(crate) fn kinds(of: &Value) -> Findings {
    let gaps = of["findings"].as_array().into_iter().flatten();
    gaps.filter_map(|gap| gap["kind"].as_str()).map(str::to_owned).collect()
}

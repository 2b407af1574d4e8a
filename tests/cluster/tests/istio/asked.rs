//! `stepgate doctor`, run where `kubectl port-forward` would come out: on the loopback of a pod, and of istiod.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use stepgate_cluster_tests::{Error, Host, Result};
use tempfile::TempDir;

use crate::bed::Bed;

const ADMIN: &str = "http://127.0.0.1:15000";
const ISTIOD: &str = "http://127.0.0.1:15014";

/// What should be in force: the configuration as the API server has it.
pub(crate) struct Doctor {
    folder: TempDir,
    stepgate: std::path::PathBuf,
}

/// The kinds of gaps.
pub(crate) type Gaps = BTreeSet<String>;

impl Doctor {
    pub(crate) fn new(bed: &Bed) -> Result<Self> {
        let doctor = Self { folder: tempfile::tempdir()?, stepgate: bed.owner.stepgate().to_owned() };
        let of = ["get", "wasmplugin", "--namespace", "movie", "stepgate", "--output=jsonpath={.spec.pluginConfig}"];
        doctor.wants(&bed.cluster.kubectl(&of)?)?;
        Ok(doctor)
    }

    /// From now on this is what should be in force.
    pub(crate) fn wants(&self, configuration: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join("wanted.json"), configuration)?)
    }

    /// What a pod's own proxy says.
    pub(crate) fn of_proxy(&self, host: &Host) -> Result<Gaps> {
        let report = self.report(host, &["--admin", &format!("proxy={ADMIN}")])?;
        only_proxy(&report, "proxy")
    }

    /// What istiod says of a proxy, `POD.NAMESPACE`.
    pub(crate) fn of_istiod(&self, bed: &Bed, name: &str) -> Result<Gaps> {
        only_proxy(&self.report(bed.cluster.control_plane(), &["--istiod", ISTIOD])?, name)
    }

    /// The whole report of all that istiod serves; its `proxies` and its `gaps`.
    pub(crate) fn of_mesh(&self, bed: &Bed) -> Result<Value> {
        self.report(bed.cluster.control_plane(), &["--istiod", ISTIOD])
    }

    /// What people are told of a pod's own proxy.
    pub(crate) fn tells(&self, host: &Host, more: &[&str]) -> Result<String> {
        self.run(host, &[&["--admin", &format!("proxy={ADMIN}")], more].concat()).map(|(_, said)| said)
    }

    /// The exit code with istiod, and what is said.
    pub(crate) fn of_istiod_away(&self, bed: &Bed) -> Result<(Option<i32>, String)> {
        self.run(bed.cluster.control_plane(), &["--istiod", ISTIOD])
    }

    fn report(&self, host: &Host, of: &[&str]) -> Result<Value> {
        let (code, said) = self.run(host, &[of, &["--json"]].concat())?;
        let report: Value =
            serde_json::from_str(&said).map_err(|_| Error::new(format!("the doctor said ({code:?}) {said}")))?;
        let all = report["proxies"].as_array().into_iter().flatten().chain([&report]);
        let clean = all.into_iter().all(|of| of["gaps"].as_array().is_some_and(Vec::is_empty));
        // Scripts go by the code.
        assert_eq!(code, Some(i32::from(!clean)), "{said}");
        Ok(report)
    }

    fn run(&self, host: &Host, of: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = host.command(&self.stepgate.display().to_string());
        let output = command.arg("doctor").arg(self.folder.path().join("wanted.json")).args(of).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }
}

fn only_proxy(report: &Value, name: &str) -> Result<Gaps> {
    let proxies = report["proxies"].as_array().into_iter().flatten();
    let mut of_name = proxies.filter(|proxy| proxy["name"] == name);
    let (Some(proxy), None) = (of_name.next(), of_name.next()) else {
        return Err(Error::new(format!("`{name}` stands not once in {report}")));
    };
    Ok(kinds(proxy))
}

/// The kinds of the gaps of a proxy, or of the whole.
pub(crate) fn kinds(of: &Value) -> Gaps {
    let gaps = of["gaps"].as_array().into_iter().flatten();
    gaps.filter_map(|gap| gap["gap"].as_str()).map(str::to_owned).collect()
}

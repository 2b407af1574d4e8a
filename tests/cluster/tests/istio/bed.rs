//! The movie's mesh: seven workloads, and what its owner applied.

use std::fs;
use std::time::Duration;

use crate::estates::Estates;
use crate::owner::Owner;
use crate::yard::Yard;
use stepgate_cluster_tests::{
    Capture, Cluster, Error, Image, Pod, Programs, Request, Response, Result, Workload, until,
};

pub(crate) const ACTORS: [&str; 7] = ["owner", "vfx-1", "vfx-2", "vfx-3", "color", "sound", "hdr"];
pub(crate) const STEP: &str = "x-workflow-step";
pub(crate) const INTERLOCK_HEADER: &str = "x-stepgate-permit";
/// Stands in every path, header and body that the cases send.
pub(crate) const MARKER: &str = "clear-text-of-the-movie";
pub(crate) const SOON: Duration = Duration::from_secs(90);

pub(crate) struct Bed {
    pub(crate) cluster: Cluster,
    pub(crate) pods: Vec<Workload>,
    pub(crate) captures: Vec<(String, Capture)>,
    pub(crate) owner: Owner,
    /// What was applied for the movie: the stage `enforce`, as kustomize builds it.
    pub(crate) manifest: String,
    /// The image of the module there, and the other variant of it.
    pub(crate) compat: Pushed,
    pub(crate) artifact: Pushed,
    estates: Option<Estates>,
    pub(crate) yard: Option<Yard>,
}

/// An image in the registry: its `url` and `sha256` as a WasmPlugin has them.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    pub(crate) url: String,
    pub(crate) digest: String,
}

impl Bed {
    pub(crate) fn make(programs: &Programs) -> Result<Self> {
        let cluster = Cluster::start(programs)?;
        let module = fs::read(&programs.module)?;
        let compat = push(&cluster, "0.1.0", &Image::compat(&module)?)?;
        let artifact = push(&cluster, "0.1.0-artifact", &Image::artifact(&module))?;
        cluster.namespace("movie")?;
        let owner = Owner::of_the_movie(programs)?;
        owner.render(&compat)?;
        cluster.apply(&owner.stage())?;
        let manifest = cluster.kubectl(&["kustomize", &owner.stage().display().to_string()])?;
        let pods = cluster.pods(
            ACTORS.map(|name| Pod::named(name).namespace("movie").env_from_secret(&format!("stepgate-{name}"))),
        )?;
        let mut captures = Vec::new();
        for pod in &pods {
            for interface in ["eth0", "lo"] {
                captures.push((format!("{} {interface}", pod.name()), cluster.capture(pod, interface)?));
            }
        }
        let bed = Self { cluster, pods, captures, owner, manifest, compat, artifact, estates: None, yard: None };
        bed.await_enforcement()?;
        Ok(bed)
    }

    /// Those of two other owners, made when they are first asked for.
    pub(crate) fn estates(&mut self) -> Result<(&Cluster, &Estates)> {
        let estates = match self.estates.take() {
            Some(estates) => estates,
            None => Estates::make(self)?,
        };
        Ok((&self.cluster, self.estates.insert(estates)))
    }

    /// The small mesh of one owner more, made likewise.
    pub(crate) fn yard(&mut self) -> Result<(&Cluster, &mut Yard)> {
        let yard = match self.yard.take() {
            Some(yard) => yard,
            None => Yard::make(self)?,
        };
        Ok((&self.cluster, self.yard.insert(yard)))
    }

    pub(crate) fn pod(&self, name: &str) -> &Workload {
        self.pods.iter().find(|pod| pod.name() == name).expect("an actor of the movie")
    }

    pub(crate) fn pod_mut(&mut self, name: &str) -> (&Cluster, &mut Workload) {
        (&self.cluster, self.pods.iter_mut().find(|pod| pod.name() == name).expect("an actor of the movie"))
    }

    pub(crate) fn call(&self, from: &str, to: &str, request: &Request) -> Result<Response> {
        self.pod(from).call(&self.cluster, to, request).map_err(|error| error.while_doing(format!("{from} to {to}")))
    }

    /// Waits until every gate lets a start through, or denies it with a code of its own: then it decides.
    pub(crate) fn await_enforcement(&self) -> Result<()> {
        for name in ACTORS {
            let of = format!("the gate of {name} to decide");
            let decided = until(SOON, &of, || {
                let answer = self.call("hdr", name, &post("/nothing-of-the-workflow"))?;
                Ok((answer.status == 403 && code(&answer).is_some()).then_some(()))
            });
            decided.map_err(|error| self.pod(name).explain(error))?;
        }
        Ok(())
    }

    /// The interlock's secret of one workload.
    pub(crate) fn interlock(&self, name: &str) -> Result<String> {
        let secret = self.cluster.secret("movie", &format!("stepgate-{name}"))?;
        let found = secret.into_iter().find(|(name, _)| name.starts_with("STEPGATE_INTERLOCK"));
        found.map(|(_, value)| value).ok_or_else(|| Error::new("no interlock in the Secret"))
    }

    /// Applies what the owner has rendered anew, and keeps it as the original.
    pub(crate) fn apply_rendered(&mut self) -> Result<()> {
        self.owner.render(&self.compat)?;
        self.cluster.apply(&self.owner.stage())?;
        self.manifest = self.cluster.kubectl(&["kustomize", &self.owner.stage().display().to_string()])?;
        Ok(())
    }

    /// Applies the movie's manifest with one text replaced; it must be there.
    pub(crate) fn apply_changed(&self, from: &str, to: &str) -> Result<()> {
        if !self.manifest.contains(from) {
            return Err(Error::new(format!("the manifest has no `{from}`")));
        }
        self.cluster.apply_text(&self.manifest.replace(from, to)).map(drop)
    }

    /// The plugin alone, with one text replaced.
    pub(crate) fn apply_plugin(&self, from: &str, to: &str) -> Result<()> {
        let plugin = self.manifest.split("\n---\n").find(|document| document.contains("kind: WasmPlugin"));
        let plugin = plugin.ok_or_else(|| Error::new("the manifest has no plugin"))?;
        self.cluster.apply_text(&plugin.replace(from, to)).map(drop)
    }

    /// The plugin with another module.
    pub(crate) fn apply_module(&self, module: &Pushed) -> Result<()> {
        let lines = self.manifest.replace(&self.compat.digest, &module.digest);
        self.cluster.apply_text(&lines.replace(&self.compat.url, &module.url)).map(drop)
    }

    pub(crate) fn apply_original(&self) -> Result<()> {
        self.cluster.apply_text(&self.manifest).map(drop)
    }
}

pub(crate) fn push(cluster: &Cluster, tag: &str, image: &Image) -> Result<Pushed> {
    let url = cluster.registry.push("stepgate", tag, image)?;
    Ok(Pushed { url, digest: image.digest().trim_start_matches("sha256:").to_owned() })
}

pub(crate) fn post(path: &str) -> Request {
    Request::new("POST", format!("{path}-{MARKER}"))
        .header("x-note", format!("header-{MARKER}"))
        .body(format!("body-{MARKER}"))
}

/// The code of a denial by a gate.
pub(crate) fn code(response: &Response) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    Some(problem.get("code")?.as_str()?.to_owned())
}

/// The token that the application was given.
pub(crate) fn step(response: &Response) -> Result<String> {
    let what = || Error::new(format!("{}: {}", response.status, String::from_utf8_lossy(&response.body)));
    let seen = response.seen().ok_or_else(what)?;
    let step = seen.header(STEP).next().map(str::to_owned);
    step.ok_or_else(|| Error::new("the application was given no step"))
}

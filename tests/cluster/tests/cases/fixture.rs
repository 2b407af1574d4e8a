//! The movie's mesh, which all cases share: seven workloads, and what their owner applied.

use std::fs;

use stepgate_cluster_tests::{
    Capture, Cluster, Error, Image, Pod, Programs, Request, Response, Result, Workload, until,
};

use crate::mixed_protocols::MixedProtocols;
use crate::module::{Pushed, push};
use crate::owner::Owner;
use crate::requests::{SOON, code, post};
use crate::tenants::Tenants;
use crate::tree::secret_value;

pub(crate) const ACTORS: [&str; 7] = ["owner", "vfx-1", "vfx-2", "vfx-3", "color", "sound", "hdr"];

pub(crate) struct Fixture {
    pub(crate) programs: Programs,
    pub(crate) cluster: Cluster,
    pub(crate) pods: Vec<Workload>,
    /// Of every interface of every pod, from the beginning.
    pub(crate) captures: Vec<(String, Capture)>,
    pub(crate) owner: Owner,
    /// The manifest of the movie: the stage `enforce`, as kustomize builds it.
    pub(crate) manifest: String,
    /// The module in the registry, as an image.
    pub(crate) compat: Pushed,
    /// The same module as an artifact.
    pub(crate) artifact: Pushed,
    /// Workloads of other owners that have no gate.
    pub(crate) pods_of_others: Vec<Workload>,
    tenants: Option<Tenants>,
    pub(crate) mixed: Option<MixedProtocols>,
}

impl Fixture {
    pub(crate) fn start(programs: Programs) -> Result<Self> {
        let cluster = Cluster::start(&programs)?;
        let module = fs::read(&programs.module)?;
        let compat = push(&cluster, "0.1.0", &Image::compat(&module)?)?;
        let artifact = push(&cluster, "0.1.0-artifact", &Image::artifact(&module)?)?;
        cluster.namespace("movie")?;
        let owner = Owner::of_the_movie(&programs)?;
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
        let (tenants, mixed, pods_of_others) = (None, None, Vec::new());
        let fixture = Self {
            programs,
            cluster,
            pods,
            captures,
            owner,
            manifest,
            compat,
            artifact,
            pods_of_others,
            tenants,
            mixed,
        };
        fixture.await_enforcement()?;
        Ok(fixture)
    }

    /// The workloads of two other owners, started by the first case that uses them.
    pub(crate) fn tenants(&mut self) -> Result<(&Cluster, &Tenants)> {
        let tenants = match self.tenants.take() {
            Some(tenants) => tenants,
            None => Tenants::start(&self.cluster, &self.programs, &self.compat)?,
        };
        Ok((&self.cluster, self.tenants.insert(tenants)))
    }

    /// The workloads of one more owner, likewise.
    pub(crate) fn mixed(&mut self) -> Result<(&Cluster, &mut MixedProtocols)> {
        let mixed = match self.mixed.take() {
            Some(mixed) => mixed,
            None => MixedProtocols::start(&self.cluster, &self.programs, &self.compat)?,
        };
        Ok((&self.cluster, self.mixed.insert(mixed)))
    }

    /// Restores the mesh after a case that failed before it undid its change: the next cases must not fail because of it.
    ///
    /// # Errors
    /// If that is not possible. Then the results of further cases would mean nothing.
    pub(crate) fn restore(&mut self) -> Result<()> {
        self.cluster.registry.proceed();
        self.cluster.registry.start()?;
        self.cluster.start_istiod()?;
        let tenants = self.tenants.take().map(Tenants::into_pods).unwrap_or_default();
        let mixed = self.mixed.take().map(MixedProtocols::into_pods).unwrap_or_default();
        tenants.into_iter().chain(mixed).try_for_each(|pod| self.cluster.remove(pod))?;
        for namespace in ["movie", "istio-system"] {
            let added = "wasmplugin,trafficextension,envoyfilter,peerauthentication,telemetry";
            self.cluster.kubectl(&["delete", added, "--all", "--namespace", namespace])?;
        }
        // istiod's webhook answers a moment after istiod itself.
        until(SOON, "istiod to accept the manifest", || self.apply_original().map(Some))?;
        self.restart_proxies()?;
        self.await_enforcement()
    }

    /// Restarts all proxies of the movie at once, as `kubectl rollout restart` does.
    pub(crate) fn restart_proxies(&mut self) -> Result<()> {
        let cluster = &self.cluster;
        std::thread::scope(|scope| {
            let restart = |pod: &mut Workload| {
                pod.stop_proxy()?;
                pod.start_proxy(cluster)
            };
            let restarted: Vec<_> = self.pods.iter_mut().map(|pod| scope.spawn(move || restart(pod))).collect();
            let join = |pod: std::thread::ScopedJoinHandle<'_, Result<()>>| pod.join().expect("a thread");
            restarted.into_iter().map(join).collect::<Vec<_>>().into_iter().collect()
        })
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

    /// Waits until every gate decides: until it denies a request with a code of its own.
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

    /// The interlock of a workload.
    pub(crate) fn interlock(&self, name: &str) -> Result<String> {
        secret_value(&self.cluster, "movie", name, "STEPGATE_INTERLOCK")
    }

    /// Renders again and applies the result, which is the original from now on.
    pub(crate) fn apply_rendered(&mut self) -> Result<()> {
        self.owner.render(&self.compat)?;
        self.cluster.apply(&self.owner.stage())?;
        self.manifest = self.cluster.kubectl(&["kustomize", &self.owner.stage().display().to_string()])?;
        Ok(())
    }

    /// Applies the movie's manifest with one text replaced, which it must contain.
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

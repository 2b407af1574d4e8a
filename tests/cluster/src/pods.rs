//! Starting, removing and recording the pods of a cluster.

use crate::capture::Capture;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::pod::Pod;
use crate::workload::Workload;

impl Cluster {
    /// Starts pods in parallel and returns them in the given order.
    ///
    /// # Errors
    /// If one does not start.
    pub fn pods(&self, pods: impl IntoIterator<Item = Pod>) -> Result<Vec<Workload>> {
        let start = |pod| move || Workload::start(self, pod);
        std::thread::scope(|scope| {
            let started: Vec<_> = pods.into_iter().map(|pod| scope.spawn(start(pod))).collect();
            started.into_iter().map(|pod| pod.join().unwrap_or_else(|_| Err(Error::new("a thread panicked")))).collect()
        })
    }

    /// Starts a pod.
    ///
    /// # Errors
    /// If it does not start.
    pub fn pod(&self, pod: Pod) -> Result<Workload> {
        Workload::start(self, pod)
    }

    /// Ends a pod, and deletes its objects in the cluster but the service account.
    ///
    /// # Errors
    /// The message of the API server, if it refuses.
    pub fn remove(&self, workload: Workload) -> Result<()> {
        let (name, namespace) = (workload.pod.name.clone(), workload.pod.namespace.clone());
        drop(workload);
        let [pod, slice, service] = ["pod", "endpointslice", "service"].map(|kind| format!("{kind}/{name}"));
        self.forget_service(&name, &namespace);
        let delete = ["delete", "--namespace", &namespace, "--grace-period=0", "--force", "--ignore-not-found"];
        self.kubectl(&[delete.as_slice(), &[&pod, &slice, &service]].concat()).map(drop)
    }

    /// Records the traffic of a network interface of a workload, from now on.
    ///
    /// # Errors
    /// If tcpdump does not start.
    pub fn capture(&self, workload: &Workload, interface: &'static str) -> Result<Capture> {
        Capture::start(workload, interface)
    }
}

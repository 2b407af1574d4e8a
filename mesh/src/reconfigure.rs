//! Reconfigures a running mesh: gives a filter another configuration, or restarts an Envoy.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

use super::MeshError;
use super::admin;
use super::bootstrap::discovery::listener_name;
use super::running::{Mesh, RunningWorkload};
use super::spec::{Delivery, Plugin};
use super::wait::until;

/// Time limit for an Envoy to apply a new configuration: it may have to compile a module first.
const LIMIT: Duration = Duration::from_secs(30);

impl Mesh {
    /// Gives the inbound listener of a workload another filter while its Envoy runs, and waits until that is in
    /// force everywhere: [`Delivery::Extension`], for every request that begins from now on;
    /// [`Delivery::Listener`], the old connections are gone too.
    ///
    /// The filter may reject its configuration, and then deny everything: this function does not wait for it to accept.
    ///
    /// # Errors
    /// [`MeshError::NotInForce`] if Envoy rejects it; [`MeshError::Spec`] if the workload had no filter,
    /// or filters come with the bootstrap.
    pub fn reconfigure(&self, name: &str, plugin: Plugin) -> Result<(), MeshError> {
        let one = self.running(name)?;
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.launch.spec.delivery == Delivery::Bootstrap {
            return Err(MeshError::Spec("a filter in the bootstrap cannot change: choose another `delivery`".into()));
        }
        if !exchange(one, plugin)? {
            // Envoy would see no change, and say nothing.
            return Ok(());
        }
        let admin = self.admin_of(one)?;
        let before = self.stats_at(admin)?;
        let members = self.members();
        let hosted = self.hosted_by(one.process, &members);
        let config = self.config(&members);
        match self.launch.spec.delivery {
            Delivery::Bootstrap => {}
            Delivery::Extension => {
                let only: Vec<_> = hosted.into_iter().filter(|member| member.workload.name == name).collect();
                self.deliver(&only, &config)?;
            }
            Delivery::Listener => self.deliver(&hosted, &config)?,
        }
        let refused = |what: String| Err(MeshError::NotInForce { workload: name.into(), what });
        let result = until(LIMIT, || {
            let now = match self.stats_at(admin) {
                Ok(now) => now,
                Err(error) => return Some(Err(error)),
            };
            match state(self.launch.spec.delivery, &listener_name(&one.member), &before, &now) {
                State::InForce => Some(Ok(())),
                State::Refused(counter) => Some(refused(format!("Envoy refuses it: `{counter}` counts one more"))),
                State::Pending => None,
            }
        });
        result.unwrap_or_else(|| refused(format!("it is not in force after {} s", LIMIT.as_secs())))
    }

    /// Gives workloads other filters as a roll-out does: ends the Envoys that host them, at once, and starts each
    /// again, so that the filters' VMs have the new environment. Returns when they serve; until then they refuse
    /// connections.
    ///
    /// # Errors
    /// As [`Mesh::start`]; a workload without a filter is a [`MeshError::Spec`].
    pub fn restart(&self, filters: &[(&str, Plugin)]) -> Result<(), MeshError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut concerned = BTreeSet::new();
        for (name, plugin) in filters {
            let one = self.running(name)?;
            exchange(one, plugin.clone())?;
            concerned.insert(one.process);
        }
        for index in concerned {
            let process = self.processes.get(index).ok_or_else(|| MeshError::Spec("no such Envoy".into()))?;
            let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
            process.end();
            let starting = self.start_envoy(index)?;
            *process = starting.process;
            let filters = self.running.iter().filter(|one| one.process == index).count();
            let ready = admin::ready(&starting.name, starting.admin, &mut process, admin::time_to_start(filters));
            self.runtime()?.block_on(ready)?;
        }
        Ok(())
    }

    fn stats_at(&self, admin: SocketAddr) -> Result<BTreeMap<String, u64>, MeshError> {
        Ok(self.runtime()?.block_on(admin::stats(&self.client, admin))?)
    }
}

/// Whether the filter changes by that.
fn exchange(one: &RunningWorkload, plugin: Plugin) -> Result<bool, MeshError> {
    let mut present = one.plugin.lock().unwrap_or_else(PoisonError::into_inner);
    match present.replace(plugin) {
        Some(old) => Ok(present.as_ref() != Some(&old)),
        None => {
            *present = None;
            Err(MeshError::Spec(format!("`{}` has no filter that could change", one.member.workload.name)))
        }
    }
}

enum State {
    Pending,
    InForce,
    /// The counter that says so.
    Refused(String),
}

/// How far a change has come, by Envoy's counters before it and now.
fn state(delivery: Delivery, name: &str, before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> State {
    let at = |stats: &BTreeMap<String, u64>, counter: &str| stats.get(counter).copied().unwrap_or_default();
    let grew = |counter: &String| at(now, counter) > at(before, counter);
    let (taken, refused, under_way) = match delivery {
        Delivery::Bootstrap => return State::InForce,
        Delivery::Extension => {
            let of = |counter: &str| format!("extension_config_discovery.http_filter.{name}.{counter}");
            // Counted when all workers have it.
            (of("config_reload"), vec![of("config_fail"), of("update_rejected")], Vec::new())
        }
        Delivery::Listener => {
            let of = |counter: &str| format!("listener_manager.{counter}");
            let under_way = ["total_listeners_warming", "total_listeners_draining", "total_filter_chains_draining"];
            (of("lds.update_success"), vec![of("lds.update_rejected")], under_way.map(of).to_vec())
        }
    };
    match refused.into_iter().find(grew) {
        Some(counter) => State::Refused(counter),
        None if grew(&taken) && under_way.iter().all(|gauge| at(now, gauge) == 0) => State::InForce,
        None => State::Pending,
    }
}

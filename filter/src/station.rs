//! What one configuration made of the plugin: a gate or none, and what goes with it. Streams keep the
//! station that they began with, so a new configuration never meets half a request.

use std::cell::{Cell, OnceCell, RefCell};

use stepgate_config::gate::PeerSource;
use stepgate_decision::verdict::AuditContext;
use stepgate_decision::{Denial, Gate};

use crate::counters::Counters;
use crate::crypto::{Native, ProxyCrypto};
use crate::gauges::Gauges;
use crate::host::{Host, Level};
use crate::known::Known;
use crate::quota::{Quota, Share};
use crate::request::seconds;
use crate::{lines, replica};

/// Denials written each second where no configuration says otherwise.
const DENIALS_PER_SECOND: u32 = 50;

/// What became of a denied request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was refused.
    Refused,
    /// It went on: the gate only observes.
    Observed,
}

/// How far a configuration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// Its gauges are not raised yet.
    New,
    /// They are.
    Told,
    /// Another has taken its place.
    Over,
}

/// One configuration at work.
pub(crate) struct Station {
    gate: Option<Gate>,
    native: Native,
    counters: Counters,
    gauges: RefCell<Gauges>,
    service: Cell<Service>,
    quota: RefCell<Quota>,
    replica: OnceCell<Option<String>>,
}

impl Station {
    /// Puts a gate to work; none denies everything.
    pub(crate) fn new(host: &dyn Host, gate: Option<Gate>, native: Native) -> Self {
        let per_second = gate.as_ref().map_or(DENIALS_PER_SECOND, |gate| gate.config().log.denials_per_second);
        Self {
            counters: Counters::define(host, gate.as_ref().map(Gate::config)),
            gauges: RefCell::default(),
            service: Cell::new(Service::New),
            quota: RefCell::new(Quota::new(per_second)),
            replica: OnceCell::new(),
            native,
            gate,
        }
    }

    /// Before any configuration.
    pub(crate) fn closed() -> Self {
        Self {
            gate: None,
            native: Native::default(),
            counters: Counters::default(),
            gauges: RefCell::default(),
            service: Cell::new(Service::Over),
            quota: RefCell::new(Quota::new(DENIALS_PER_SECOND)),
            replica: OnceCell::new(),
        }
    }

    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    pub(crate) fn crypto<'a>(&'a self, host: &'a dyn Host) -> ProxyCrypto<'a> {
        ProxyCrypto { host, native: &self.native }
    }

    pub(crate) fn peer_source(&self) -> PeerSource {
        self.gate.as_ref().map(|gate| gate.config().peer_source.clone()).unwrap_or_default()
    }

    pub(crate) fn replica(&self, host: &dyn Host) -> Option<&str> {
        if self.replica.get().is_none() {
            // Whoever comes second in this finds the same name in shared data.
            let _ = self.replica.set(replica::name(host));
        }
        self.replica.get().and_then(Option::as_deref)
    }

    /// Counts a permit, and writes it where the owner wants the audit trail.
    pub(crate) fn permitted(&self, host: &dyn Host, audit: &AuditContext) {
        self.counters.permit(host, audit);
        if self.gate.as_ref().is_some_and(|gate| gate.config().log.permits) {
            host.log(Level::Info, &lines::permit(audit));
        }
    }

    pub(crate) fn exempted(&self, host: &dyn Host) {
        self.counters.exempt(host);
    }

    /// Counts a denial, and writes it as far as the quota goes.
    pub(crate) fn denied(&self, host: &dyn Host, denial: &Denial, known: &Known, outcome: Outcome) {
        self.counters.denial(host, denial.code(), &known.audit, outcome);
        // Nothing is borrowed while the proxy is asked: it might call back.
        let second = seconds(host).unwrap_or_default();
        let share = self.quota.borrow_mut().take(second);
        match share {
            Share::Written => host.log(Level::Warn, &lines::denial(denial, known, outcome)),
            Share::FirstSuppressed => host.tick(true),
            Share::Suppressed => {}
        }
    }

    /// Asks for the first second. Envoy tries each configuration in a VM that it then throws away without a word:
    /// what such a one raises would stay. It has no second.
    pub(crate) fn begin(&self, host: &dyn Host) {
        host.tick(true);
    }

    /// A second has passed.
    pub(crate) fn tick(&self, host: &dyn Host) {
        if self.service.get() == Service::New {
            self.service.set(Service::Told);
            // Nothing is borrowed while the proxy is asked.
            let raised = Gauges::raise(host, self.gate.as_ref());
            match self.service.get() {
                Service::Over => raised.lower(host),
                Service::New | Service::Told => drop(self.gauges.replace(raised)),
            }
        }
        self.tell_suppressed(host);
    }

    /// Another configuration takes its place, or the plugin ends. Streams that began here end here.
    pub(crate) fn retire(&self, host: &dyn Host) {
        self.service.set(Service::Over);
        self.tell_suppressed(host);
        self.gauges.take().lower(host);
    }

    /// Says how many denials were not written.
    pub(crate) fn tell_suppressed(&self, host: &dyn Host) {
        let denials = self.quota.borrow_mut().tell();
        if denials > 0 {
            host.log(Level::Warn, &lines::suppressed(denials));
        }
        host.tick(false);
    }
}

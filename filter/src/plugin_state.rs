//! The state of the plugin under one configuration: its gate or none, with the counters, gauges and limits that go
//! with it. A stream keeps the state that it began with, so that a new configuration never meets half a request.

use std::cell::{Cell, OnceCell, RefCell};

use stepgate_config::gate::PeerSource;
use stepgate_config::workflow::Mode;
use stepgate_decision::verdict::AuditContext;
use stepgate_decision::{Denial, Gate};

use crate::counters::Counters;
use crate::crypto::{GateCrypto, HostCrypto};
use crate::gauges::Gauges;
use crate::host::Host;
use crate::log_context::LogContext;
use crate::log_limiter::{Allowance, LogLimiter};
use crate::request::seconds;
use crate::{log_events, replica};

/// Denials that are logged each second where no configuration says otherwise.
const DENIALS_PER_SECOND: u32 = 50;

/// Whether the gauges show this configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifecycle {
    /// Not yet: its first second is not over.
    Started,
    InForce,
    /// Not any more: another has replaced it, or the plugin has ended.
    Retired,
}

/// The state of the plugin under one configuration.
pub(crate) struct PluginState {
    gate: Option<Gate>,
    host_crypto: HostCrypto,
    counters: Counters,
    gauges: RefCell<Gauges>,
    lifecycle: Cell<Lifecycle>,
    log_limiter: RefCell<LogLimiter>,
    replica: OnceCell<Option<String>>,
}

impl PluginState {
    /// The state under a configuration. Without a gate, every request is denied.
    pub(crate) fn new(host: &dyn Host, gate: Option<Gate>, host_crypto: HostCrypto) -> Self {
        let per_second = gate.as_ref().map_or(DENIALS_PER_SECOND, |gate| gate.config().log.denials_per_second);
        Self {
            counters: Counters::define(host, gate.as_ref().map(Gate::config)),
            gauges: RefCell::default(),
            lifecycle: Cell::new(Lifecycle::Started),
            log_limiter: RefCell::new(LogLimiter::new(per_second)),
            replica: OnceCell::new(),
            host_crypto,
            gate,
        }
    }

    /// The state before any configuration: every request is denied.
    pub(crate) fn unconfigured() -> Self {
        Self {
            gate: None,
            host_crypto: HostCrypto::default(),
            counters: Counters::default(),
            gauges: RefCell::default(),
            lifecycle: Cell::new(Lifecycle::Retired),
            log_limiter: RefCell::new(LogLimiter::new(DENIALS_PER_SECOND)),
            replica: OnceCell::new(),
        }
    }

    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    pub(crate) fn crypto<'a>(&'a self, host: &'a dyn Host) -> GateCrypto<'a> {
        GateCrypto { host, host_crypto: &self.host_crypto }
    }

    pub(crate) fn peer_source(&self) -> PeerSource {
        self.gate.as_ref().map(|gate| gate.config().peer_source.clone()).unwrap_or_default()
    }

    /// The name of this proxy among the replicas of its workload.
    pub(crate) fn replica(&self, host: &dyn Host) -> Option<&str> {
        self.replica.get_or_init(|| replica::name(host)).as_deref()
    }

    /// Counts a permit, and logs it if the configuration says so.
    pub(crate) fn permitted(&self, host: &dyn Host, audit: &AuditContext) {
        self.counters.permit(host, audit);
        if self.gate.as_ref().is_some_and(|gate| gate.config().log.permits) {
            log_events::permit(audit);
        }
    }

    /// Counts a permitted request that reached nobody and may be made again, and logs it where permits are logged: the
    /// audit trail would be wrong without it.
    pub(crate) fn undelivered(&self, host: &dyn Host, audit: &AuditContext) {
        self.counters.undelivered(host, audit);
        if self.gate.as_ref().is_some_and(|gate| gate.config().log.permits) {
            log_events::undelivered(audit);
        }
    }

    pub(crate) fn exempted(&self, host: &dyn Host) {
        self.counters.exempt(host);
    }

    /// Counts a denial, and logs it if the limit is not reached. In mode `observe` the request went on.
    pub(crate) fn denied(&self, host: &dyn Host, denial: &Denial, context: &LogContext, mode: Mode) {
        self.counters.denial(host, denial.code(), &context.audit, mode);
        self.limited(host, || log_events::denial(denial, context, mode));
    }

    /// Logs why a token was removed from an answer to the application, if the limit of denials is not reached.
    pub(crate) fn removed(&self, host: &dyn Host, why: &Denial, context: &LogContext) {
        self.limited(host, || log_events::removed(why, context));
    }

    fn limited(&self, host: &dyn Host, log: impl FnOnce()) {
        match self.log_limiter.borrow_mut().next(seconds(host).unwrap_or_default()) {
            Allowance::Log => log(),
            Allowance::FirstSuppressed => host.set_ticking(true),
            Allowance::Suppressed => {}
        }
    }

    /// Waits for the first tick, one second from now. Envoy tries each configuration in a VM that it then discards
    /// without any callback; gauges that such a VM raised would stay raised.
    pub(crate) fn start(&self, host: &dyn Host) {
        host.set_ticking(true);
    }

    /// A second has passed.
    pub(crate) fn tick(&self, host: &dyn Host) {
        if self.lifecycle.get() == Lifecycle::Started {
            self.lifecycle.set(Lifecycle::InForce);
            self.gauges.replace(Gauges::raise(host, self.gate.as_ref()));
        }
        self.log_suppressed(host);
    }

    /// Another configuration replaces this one, or the plugin ends. Streams that began under it end under it.
    pub(crate) fn retire(&self, host: &dyn Host) {
        self.lifecycle.set(Lifecycle::Retired);
        self.log_suppressed(host);
        self.gauges.take().lower(host);
    }

    /// Logs how many denials were not logged, and stops the tick.
    fn log_suppressed(&self, host: &dyn Host) {
        let denials = self.log_limiter.borrow_mut().take_suppressed();
        if denials > 0 {
            log_events::suppressed(denials);
        }
        host.set_ticking(false);
    }
}

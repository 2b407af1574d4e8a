//! The set-ups that are compared.

use std::path::Path;

use serde_json::Value;
use stepgate_mesh::{Plugin, Workload};

use super::native_filters::{jwt_authn, rbac};
use super::scene::Scene;
use super::workflow::{CALLED, Further, Level};
use crate::environment::Environment;

/// Every other set-up adds to this one.
pub(super) const NO_FILTER: &str = "no filter";
/// The cost of Envoy's Wasm machinery.
pub(super) const EMPTY: &str = "an empty Wasm filter";
/// Envoy's own filter that checks who calls what.
pub(super) const RBAC: &str = "rbac";
/// Envoy's own filters that also verify a token; they mint none.
pub(super) const NATIVE_HS256: &str = "jwt_authn HS256, rbac";
pub(super) const NATIVE_ES256: &str = "jwt_authn ES256, rbac";

/// One listener of the Envoy.
pub(super) struct Setup {
    pub(super) label: &'static str,
    /// Envoy's own filters that come next to it, by their label.
    pub(super) native: Option<&'static str>,
    pub(super) site: String,
    pub(super) plugin: Option<Plugin>,
    /// Filters of Envoy's own.
    pub(super) filters: Vec<Value>,
    /// Mints its tokens: those of HS256 if no gate reads them, so that the request has the same length.
    pub(super) scene: Scene,
    /// Of its responses.
    pub(super) status: u16,
    /// Whether it is measured over all kinds of connections.
    pub(super) is_main: bool,
    /// Whether it starts as no other does.
    pub(super) starts: bool,
    /// Whether its replay record is filled before.
    pub(super) filled: bool,
}

/// The modules that are compared, and the keys of their configurations.
pub(super) struct Parts<'a> {
    pub(super) module: &'a Path,
    pub(super) empty: &'a Path,
    pub(super) keys: &'a Environment,
}

impl Setup {
    /// All of them. The first is the baseline.
    ///
    /// # Errors
    /// If a key is missing.
    pub(super) fn all(parts: &Parts<'_>) -> Result<Vec<Self>, String> {
        let hs256 = || Self::of("", Level::Hs256, Further::NONE, parts);
        let native = |level, label| {
            let filters = vec![jwt_authn(level, parts.keys)?, rbac()];
            Ok::<_, String>(Self { label, filters, is_main: true, ..Self::of("", level, Further::NONE, parts)?.open() })
        };
        let mut all = vec![
            Self { label: NO_FILTER, is_main: true, ..hs256()?.open() },
            Self { label: EMPTY, plugin: Some(parts.empty()), is_main: true, ..hs256()?.open() },
            Self { label: RBAC, filters: vec![rbac()], ..hs256()?.open() },
            native(Level::Hs256, NATIVE_HS256)?,
            native(Level::Es256, NATIVE_ES256)?,
        ];
        for level in Level::ALL {
            let is_main = matches!(level, Level::Identity | Level::Hs256 | Level::Es256);
            all.push(Self { is_main, ..Self::of(level.label(), level, Further::NONE, parts)? });
        }
        // The cost of ES256 without Envoy's own crypto.
        let mut in_rust = Self::of("gate, signed ES256, in Rust", Level::Es256, Further::NONE, parts)?;
        in_rust.starts = false;
        if let Some(plugin) = &mut in_rust.plugin {
            plugin.configuration.insert_str(0, "crypto: rust\n");
        }
        all.push(in_rust);
        for (label, further) in
            [(LARGE, Further::LARGE), (FAN, Further::Fan(4_000)), ("gate, a join of four", Further::Join(4))]
        {
            all.push(Self::of(label, Level::Hs256, further, parts)?);
        }
        all.push(Self { label: "gate, a fuller record", filled: true, starts: false, ..hs256()? });
        let denied = Self { label: "gate, a forged token denied", status: 403, starts: false, ..hs256()? };
        all.push(Self { scene: denied.scene.forged(), ..denied });
        for (at, setup) in all.iter_mut().enumerate() {
            setup.site = format!("site-{at}");
        }
        Ok(all)
    }

    /// A gate.
    pub(super) fn of(label: &'static str, level: Level, further: Further, parts: &Parts<'_>) -> Result<Self, String> {
        Ok(Self {
            label,
            native: match level {
                Level::Identity => Some(RBAC),
                Level::EdDsa => None,
                Level::Hs256 | Level::Guarded => Some(NATIVE_HS256),
                Level::Es256 => Some(NATIVE_ES256),
            },
            site: "site".to_owned(),
            plugin: Some(parts.gate(level.configuration(further))),
            filters: Vec::new(),
            scene: Scene::new(level, further, parts.keys)?,
            status: 200,
            is_main: false,
            starts: true,
            filled: false,
        })
    }

    /// The same without a gate.
    fn open(self) -> Self {
        Self { plugin: None, native: None, ..self }
    }

    /// Its listener.
    pub(super) fn workload(&self) -> Workload {
        let mut workload = Workload::new(self.site.clone(), CALLED);
        workload.egress = None;
        workload.inbound.plugin.clone_from(&self.plugin);
        workload.inbound.filters.clone_from(&self.filters);
        workload
    }
}

/// The set-ups of large workflows.
pub(super) const LARGE: &str = "gate, 10,000 transitions";
pub(super) const FAN: &str = "gate, 4,000 of one task";

impl Parts<'_> {
    fn gate(&self, configuration: String) -> Plugin {
        Plugin { module: self.module.into(), configuration, environment: self.keys.0.clone() }
    }

    fn empty(&self) -> Plugin {
        Plugin { module: self.empty.into(), configuration: String::new(), environment: self.keys.0.clone() }
    }
}

//! A Kubernetes workload, as a SPIFFE ID of Istio names it.

use std::fmt;

use serde_json::{Value, json};
use stepgate_config::spiffe::SpiffeId;

use crate::names::{self, is_dns_label};

/// A service account in a namespace. Its names are safe in paths and in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    namespace: String,
    account: String,
}

impl Workload {
    /// The workload that an ID of Istio's form (`ns/NAMESPACE/sa/ACCOUNT`) names.
    pub fn of(id: &SpiffeId) -> Option<Self> {
        let path: Vec<&str> = id.as_str().split('/').skip(3).collect();
        match path.as_slice() {
            ["ns", namespace, "sa", account] => Self::named(namespace, account),
            _ => None,
        }
    }

    /// The workload with these names, if Kubernetes accepts them. An account is also the value of a label.
    pub fn named(namespace: &str, account: &str) -> Option<Self> {
        let fits = is_dns_label(namespace) && account.len() <= names::MAX_LABEL && account.split('.').all(is_dns_label);
        fits.then(|| Self { namespace: namespace.to_owned(), account: account.to_owned() })
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its service account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The name of its Secret, plugin and policies.
    pub fn resource(&self) -> String {
        format!("stepgate-{}", self.account)
    }

    /// The name of its waypoint, or of its ingress gateway, which must be a DNS label.
    pub(super) fn gateway(&self) -> String {
        names::label("stepgate-", &self.account)
    }

    /// The labels that select its pods.
    pub(super) fn labels(&self, label: &str) -> Value {
        json!({ label: self.account })
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.account)
    }
}

#[cfg(test)]
mod tests;

//! The events that the module logs: the one place that formats them. Each is a JSON object on one line. No event
//! contains a token, a secret, a query string, or the value of a header.

use log::Level;
use serde::{Serialize, Serializer};
use serde_json::Value;
use stepgate_config::GateConfig;
use stepgate_config::workflow::Mode;
use stepgate_decision::Denial;
use stepgate_decision::verdict::AuditContext;

use crate::log_context::LogContext;

/// Longest explanation in an event, in characters: some name parts of a document.
const MAX_WHY: usize = 512;
/// At most this many expected tasks are named.
const MAX_EXPECTED: usize = 16;

/// An event that is about to be logged: its members in their order.
struct Event(Vec<(&'static str, Value)>);

impl Event {
    fn new(kind: &str) -> Self {
        Self(vec![("stepgate", kind.into())])
    }

    /// Adds a member; `None` adds nothing.
    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.0.push((name, value));
        }
        self
    }

    fn why(self, text: &str) -> Self {
        self.with("why", short(text))
    }

    /// Adds the request that the event is about.
    fn request(self, audit: &AuditContext, uri: Option<&str>) -> Self {
        self.with("peer", audit.peer.as_ref().map(|peer| peer.as_str()))
            .with("uri", uri)
            .with("workflow", audit.workflow.as_ref().map(|(name, _)| name.as_str()))
            .with("revision", audit.workflow.as_ref().map(|(_, revision)| *revision))
            .with("instance", audit.instance.as_deref())
            .with("at", audit.at.as_ref().map(|task| task.as_str()))
            .with("transition", audit.transition.as_deref())
            .with("method", audit.method.as_str())
            .with("path", audit.path.as_str())
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A denial, with the reasons that the caller does not get.
pub(crate) fn denial(denial: &Denial, context: &LogContext, mode: Mode) {
    let expected: Vec<&str> = denial.expected().iter().take(MAX_EXPECTED).map(|task| task.as_str()).collect();
    let event = Event::new("denial")
        .with("code", denial.code().as_str())
        .why(&denial.to_string())
        .with("mode", mode.as_str())
        .request(&context.audit, context.uri.as_deref())
        .with("expected", Some(expected).filter(|expected| !expected.is_empty()));
    write(Level::Warn, &event);
}

/// A token that was removed from the answer to a request of the application: the application may wait for it.
pub(crate) fn removed(why: &Denial, context: &LogContext) {
    let event = Event::new("removed")
        .with("code", why.code().as_str())
        .why(&why.to_string())
        .request(&context.audit, context.uri.as_deref());
    write(Level::Warn, &event);
}

/// A permit, for the audit.
pub(crate) fn permit(audit: &AuditContext) {
    write(Level::Info, &Event::new("permit").request(audit, None));
}

/// A permitted request that reached nobody behind the gate, so that its transition is free again.
pub(crate) fn undelivered(audit: &AuditContext) {
    write(Level::Info, &Event::new("undelivered").request(audit, None));
}

/// Denials that were counted and not logged.
pub(crate) fn suppressed(denials: u64) {
    write(Level::Warn, &Event::new("suppressed").with("denials", denials));
}

/// A message about the configuration.
pub(crate) fn configuration(level: Level, message: &str) {
    write(level, &Event::new("configuration").with("message", short(message)));
}

/// A failure that should not happen.
pub(crate) fn trouble(what: &str, why: &str) {
    write(Level::Error, &Event::new("trouble").with("what", what).why(why));
}

/// A response that was reset because it could not be scrubbed.
pub(crate) fn response_reset(denial: &Denial, context: &LogContext) {
    let event = Event::new("trouble")
        .with("what", "a response could not be cleaned")
        .why(&denial.to_string())
        .request(&context.audit, context.uri.as_deref());
    write(Level::Error, &event);
}

/// A configuration is in force. `es256` names whose code verifies and whose signs, if there are keys for ES256.
pub(crate) fn ready(config: &GateConfig, es256: Option<[&'static str; 2]>) {
    #[derive(Serialize)]
    struct Ready<'a> {
        stepgate: &'static str,
        version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        es256: Option<Es256>,
        workflows: Vec<InForce<'a>>,
    }
    #[derive(Serialize)]
    struct Es256 {
        verify: &'static str,
        sign: &'static str,
    }
    #[derive(Serialize)]
    struct InForce<'a> {
        name: &'a str,
        revision: u32,
        digest: &'a str,
        mode: &'static str,
    }
    let workflows = config.workflows.iter().map(|workflow| InForce {
        name: workflow.name.as_str(),
        revision: workflow.revision,
        digest: workflow.digest.as_str(),
        mode: config.mode_of(workflow).as_str(),
    });
    let event = Ready {
        stepgate: "ready",
        version: env!("CARGO_PKG_VERSION"),
        es256: es256.map(|[verify, sign]| Es256 { verify, sign }),
        workflows: workflows.collect(),
    };
    write(Level::Info, &event);
}

fn short(text: &str) -> String {
    text.chars().take(MAX_WHY).collect()
}

/// Logs an event.
fn write(level: Level, event: &impl Serialize) {
    // Texts and numbers cannot fail to be serialised.
    let mut line = serde_json::to_string(event).unwrap_or_default();
    // JSON permits DEL and the C1 controls unescaped; a terminal may obey them. They can only be inside a text.
    while let Some(control) = line.chars().find(|c| c.is_control()) {
        line = line.replace(control, &format!("\\u{:04x}", u32::from(control)));
    }
    log::log!(level, "{line}");
}

#[cfg(test)]
mod tests;

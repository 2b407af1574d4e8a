//! The events that the module logs: the one place that formats them. Each is a JSON object on one line. No event
//! contains a token, a secret or a query string.

use log::Level;
use serde::Serialize;
use stepgate_config::GateConfig;
use stepgate_config::workflow::{Mode, Workflow};
use stepgate_decision::Denial;
use stepgate_decision::verdict::AuditContext;

use crate::log_context::LogContext;

/// Longest explanation in an event, in characters: some repeat what a peer sent.
const MAX_WHY: usize = 512;
/// At most this many expected tasks are named.
const MAX_EXPECTED: usize = 16;

/// The request that an event is about.
#[derive(Serialize)]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transition: Option<&'a str>,
    method: &'a str,
    path: &'a str,
}

impl<'a> Request<'a> {
    fn new(audit: &'a AuditContext, uri: Option<&'a str>) -> Self {
        Self {
            peer: audit.peer.as_ref().map(|peer| peer.as_str()),
            uri,
            workflow: audit.workflow.as_ref().map(|(name, _)| name.as_str()),
            revision: audit.workflow.as_ref().map(|(_, revision)| *revision),
            instance: audit.instance.as_deref(),
            at: audit.at.as_ref().map(|task| task.as_str()),
            transition: audit.transition.as_deref(),
            method: &audit.method,
            path: &audit.path,
        }
    }
}

/// A denial, with the reasons that the caller does not get.
pub(crate) fn denial(denial: &Denial, context: &LogContext, mode: Mode) {
    #[derive(Serialize)]
    struct Event<'a> {
        code: &'static str,
        why: String,
        mode: &'static str,
        #[serde(flatten)]
        request: Request<'a>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        expected: Vec<&'a str>,
    }
    let event = Event {
        code: denial.code().as_str(),
        why: short(&denial.to_string()),
        mode: mode.as_str(),
        request: Request::new(&context.audit, context.uri.as_deref()),
        expected: denial.expected().iter().take(MAX_EXPECTED).map(|task| task.as_str()).collect(),
    };
    write(Level::Warn, "denial", &event);
}

/// A permit, for the audit.
pub(crate) fn permit(audit: &AuditContext) {
    write(Level::Info, "permit", &Request::new(audit, None));
}

/// A permitted request that reached nobody behind the gate, so that its transition is free again.
pub(crate) fn undelivered(audit: &AuditContext) {
    write(Level::Info, "undelivered", &Request::new(audit, None));
}

/// Denials that were counted and not logged.
pub(crate) fn suppressed(denials: u64) {
    #[derive(Serialize)]
    struct Event {
        denials: u64,
    }
    write(Level::Warn, "suppressed", &Event { denials });
}

/// A message about the configuration.
pub(crate) fn configuration(level: Level, message: &str) {
    #[derive(Serialize)]
    struct Event {
        message: String,
    }
    write(level, "configuration", &Event { message: short(message) });
}

/// A failure that should not happen.
pub(crate) fn trouble(what: &str, why: &str) {
    #[derive(Serialize)]
    struct Event<'a> {
        what: &'a str,
        why: String,
    }
    write(Level::Error, "trouble", &Event { what, why: short(why) });
}

/// A response that was reset because it could not be scrubbed.
pub(crate) fn response_reset(denial: &Denial, context: &LogContext) {
    #[derive(Serialize)]
    struct Event<'a> {
        what: &'static str,
        why: String,
        #[serde(flatten)]
        request: Request<'a>,
    }
    let event = Event {
        what: "a response could not be cleaned",
        why: short(&denial.to_string()),
        request: Request::new(&context.audit, context.uri.as_deref()),
    };
    write(Level::Error, "trouble", &event);
}

/// A workflow that is in force.
#[derive(Serialize)]
struct Ready<'a> {
    name: &'a str,
    revision: u32,
    digest: &'a str,
    mode: &'static str,
}

impl<'a> Ready<'a> {
    fn new(workflow: &'a Workflow, mode: Mode) -> Self {
        Self {
            name: workflow.name.as_str(),
            revision: workflow.revision,
            digest: workflow.digest.as_str(),
            mode: mode.as_str(),
        }
    }
}

/// A configuration is in force. `es256` names whose code verifies and whose signs, if there are keys for ES256.
pub(crate) fn ready(config: &GateConfig, es256: Option<[&'static str; 2]>) {
    #[derive(Serialize)]
    struct Event<'a> {
        version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        es256: Option<Es256>,
        workflows: Vec<Ready<'a>>,
    }
    #[derive(Serialize)]
    struct Es256 {
        verify: &'static str,
        sign: &'static str,
    }
    let event = Event {
        version: env!("CARGO_PKG_VERSION"),
        es256: es256.map(|[verify, sign]| Es256 { verify, sign }),
        workflows: config.workflows.iter().map(|workflow| Ready::new(workflow, config.mode_of(workflow))).collect(),
    };
    write(Level::Info, "ready", &event);
}

fn short(text: &str) -> String {
    text.chars().take(MAX_WHY).collect()
}

/// Logs an event of this kind.
fn write(level: Level, kind: &'static str, event: &impl Serialize) {
    #[derive(Serialize)]
    struct Line<'a, Event> {
        stepgate: &'static str,
        #[serde(flatten)]
        event: &'a Event,
    }
    // Texts and numbers cannot fail to be serialised.
    let mut line = serde_json::to_string(&Line { stepgate: kind, event }).unwrap_or_default();
    // JSON permits DEL and the C1 controls unescaped; a terminal may obey them. They can only be inside a text.
    while let Some(control) = line.chars().find(|c| c.is_control()) {
        line = line.replace(control, &format!("\\u{:04x}", u32::from(control)));
    }
    log::log!(level, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn a_peer_cannot_write_lines_of_its_own() {
        let proxy = Fake::default();
        let audit = AuditContext::begun("GET\"\n{\"stepgate\":\"permit\"}", "/\u{1b}[2J\u{9b}2J");
        let context = LogContext { audit, ..LogContext::default() };
        denial(&Denial::Upgrade("x".repeat(9999)), &context, Mode::Enforce);
        let (_, line) = proxy.log().pop().unwrap();
        assert!(line.len() < 1024 && !line.chars().any(char::is_control), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["code"], "UPGRADE");
        assert_eq!(read["method"], "GET\"\n{\"stepgate\":\"permit\"}");
        assert_eq!(read["path"], "/\u{1b}[2J\u{9b}2J");
        assert!(read.get("peer").is_none());
    }
}

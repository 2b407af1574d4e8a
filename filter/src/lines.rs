//! The lines of the log, one JSON object each. No token, no secret, no query string is in any.

use serde::Serialize;
use stepgate_config::workflow::{Mode, Workflow};
use stepgate_decision::Denial;
use stepgate_decision::verdict::AuditContext;

use crate::known::Known;
use crate::station::Outcome;

/// Longest explanation in a line, in characters: some repeat what a peer sent.
const MAX_WHY: usize = 512;
/// Most tasks that are named as expected.
const MAX_EXPECTED: usize = 16;

/// What a request was, as far as the decision came to know it.
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
    fn of(audit: &'a AuditContext) -> Self {
        Self {
            peer: audit.peer.as_ref().map(|peer| peer.as_str()),
            uri: None,
            workflow: audit.workflow.as_ref().map(|(name, _)| name.as_str()),
            revision: audit.workflow.as_ref().map(|(_, revision)| *revision),
            instance: audit.instance.as_deref(),
            at: audit.at.as_ref().map(|task| task.as_str()),
            transition: audit.transition.as_deref(),
            method: &audit.method,
            path: &audit.path,
        }
    }

    fn known(known: &'a Known) -> Self {
        Self { uri: known.uri.as_deref(), ..Self::of(&known.audit) }
    }
}

/// A denial: what the caller is not told.
pub(crate) fn denial(denial: &Denial, known: &Known, outcome: Outcome) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stepgate: &'static str,
        code: &'static str,
        why: String,
        mode: &'static str,
        #[serde(flatten)]
        request: Request<'a>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        expected: Vec<&'a str>,
    }
    line(&Line {
        stepgate: "denial",
        code: denial.code().as_str(),
        why: short(&denial.to_string()),
        mode: match outcome {
            Outcome::Refused => "enforce",
            Outcome::Observed => "observe",
        },
        request: Request::known(known),
        expected: denial.expected().iter().take(MAX_EXPECTED).map(|task| task.as_str()).collect(),
    })
}

/// A permit, for the audit trail.
pub(crate) fn permit(audit: &AuditContext) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stepgate: &'static str,
        #[serde(flatten)]
        request: Request<'a>,
    }
    line(&Line { stepgate: "permit", request: Request::of(audit) })
}

/// Denials that were counted and not written.
pub(crate) fn suppressed(denials: u64) -> String {
    #[derive(Serialize)]
    struct Line {
        stepgate: &'static str,
        denials: u64,
    }
    line(&Line { stepgate: "suppressed", denials })
}

/// Something about the configuration.
pub(crate) fn configuration(message: &str) -> String {
    #[derive(Serialize)]
    struct Line {
        stepgate: &'static str,
        message: String,
    }
    line(&Line { stepgate: "configuration", message: short(message) })
}

/// Something that should not happen.
pub(crate) fn trouble(what: &str, why: &str) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stepgate: &'static str,
        what: &'a str,
        why: String,
    }
    line(&Line { stepgate: "trouble", what, why: short(why) })
}

/// A response that did not reach its caller.
pub(crate) fn broken_off(denial: &Denial, known: &Known) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stepgate: &'static str,
        what: &'static str,
        why: String,
        #[serde(flatten)]
        request: Request<'a>,
    }
    line(&Line {
        stepgate: "trouble",
        what: "a response could not be cleaned",
        why: short(&denial.to_string()),
        request: Request::known(known),
    })
}

/// One workflow of a gate that is ready.
#[derive(Serialize)]
pub(crate) struct Ready<'a> {
    name: &'a str,
    revision: u32,
    digest: &'a str,
    mode: &'static str,
}

impl<'a> Ready<'a> {
    pub(crate) fn of(workflow: &'a Workflow, mode: Mode) -> Self {
        Self {
            name: workflow.name.as_str(),
            revision: workflow.revision,
            digest: workflow.digest.as_str(),
            // The stricter of the two wins.
            mode: match workflow.mode.map_or(mode, |own| own.max(mode)) {
                Mode::Enforce => "enforce",
                Mode::Observe => "observe",
            },
        }
    }
}

/// A gate that is ready; `es256` is whose code verifies and whose signs, where there are keys for it.
pub(crate) fn ready(workflows: &[Ready<'_>], es256: Option<[&'static str; 2]>) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        stepgate: &'static str,
        version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        es256: Option<Es256>,
        workflows: &'a [Ready<'a>],
    }
    #[derive(Serialize)]
    struct Es256 {
        verify: &'static str,
        sign: &'static str,
    }
    let es256 = es256.map(|[verify, sign]| Es256 { verify, sign });
    line(&Line { stepgate: "ready", version: env!("CARGO_PKG_VERSION"), es256, workflows })
}

fn short(text: &str) -> String {
    text.chars().take(MAX_WHY).collect()
}

fn line(line: &impl Serialize) -> String {
    // Texts and numbers cannot fail to be written.
    let mut written = serde_json::to_string(line).unwrap_or_default();
    // JSON lets DEL and the C1 controls stand; a terminal may obey them. They can only be inside a text.
    while let Some(control) = written.chars().find(|c| c.is_control()) {
        written = written.replace(control, &format!("\\u{:04x}", u32::from(control)));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_write_lines_of_its_own() {
        let audit = AuditContext::begun("GET\"\n{\"stepgate\":\"permit\"}", "/\u{1b}[2J\u{9b}2J");
        let known = Known { audit, ..Known::default() };
        let line = denial(&Denial::Upgrade("x".repeat(9999)), &known, Outcome::Refused);
        assert!(line.len() < 1024 && !line.chars().any(char::is_control), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["code"], "UPGRADE");
        assert_eq!(read["method"], "GET\"\n{\"stepgate\":\"permit\"}");
        assert_eq!(read["path"], "/\u{1b}[2J\u{9b}2J");
        assert!(read.get("peer").is_none());
    }
}

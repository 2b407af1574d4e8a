//! The outcome of a request, as the caller sees it.

use stepgate_mesh::Response;

/// An answer, read strictly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The application saw it with exactly one step, which is not the one that was sent.
    Permitted,
    /// The application saw it without a step: the gate only observes.
    Passed,
    /// The gate denied it with this code.
    Denied(String),
    /// Anything else.
    Odd(String),
}

impl Answer {
    /// Reads a response of the mesh's small service, or of the gate in front of it, to a request with this step.
    pub fn of(response: &Response, sent: Option<&str>) -> Self {
        match (response.status, response.seen()) {
            (200, Some(seen)) => match seen.header("x-workflow-step").collect::<Vec<_>>().as_slice() {
                [] => Self::Passed,
                // The request did not pass a gate.
                [step] if Some(*step) == sent => Self::Odd("the application saw the step that was sent".into()),
                [_] => Self::Permitted,
                several => Self::Odd(format!("the application saw {} steps", several.len())),
            },
            (403, None) => match serde_json::from_slice::<serde_json::Value>(&response.body) {
                Ok(problem) => match problem.get("code").and_then(serde_json::Value::as_str) {
                    Some(code) => Self::Denied(code.to_owned()),
                    None => Self::Odd(problem.to_string()),
                },
                Err(error) => Self::Odd(error.to_string()),
            },
            (status, _) => Self::Odd(format!("{status}: {}", String::from_utf8_lossy(&response.body))),
        }
    }

    /// A denial with this code.
    pub fn denied(code: &str) -> Self {
        Self::Denied(code.to_owned())
    }
}

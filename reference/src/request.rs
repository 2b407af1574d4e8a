//! What is asked, as the walker knows it: which arrivals the tokens stand for, not what their bytes say.

use crate::document::Task;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The number of the arrival that it stands for.
    pub arrival: usize,
    /// Who may show it.
    pub holder: String,
    /// Whether it is a receipt.
    pub receipt: bool,
    /// Whether somebody changed it.
    pub forged: bool,
}

/// A request to a gate.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tokens, in order.
    pub shown: Vec<Token>,
    /// Whose certificate the connection has.
    pub peer: String,
    /// Whose gate is asked.
    pub gate: String,
    /// Which replica of it.
    pub replica: usize,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// When, in seconds.
    pub now: u64,
}

impl Request {
    /// Walks use letters and digits; anything else in a path is there to be refused.
    pub(super) fn reads_one_way(&self) -> bool {
        let plain = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain))
    }

    /// Whether it is one that the task takes.
    pub(super) fn is(&self, task: &Task) -> bool {
        let (wanted, sent): (Vec<&str>, Vec<&str>) = (task.path.split('/').collect(), self.path.split('/').collect());
        let same = |(wanted, sent): (&&str, &&str)| wanted == sent || wanted.starts_with('{');
        self.method == task.method && wanted.len() == sent.len() && wanted.iter().zip(&sent).all(same)
    }
}

//! What the lab found.

use std::time::Duration;

use stepgate_config::name::TaskName;

use super::coverage::Coverage;
use super::fixture::Fixture;
use super::runner::CaseResult;
use super::unreached::Unreached;
use super::walk::{Hop, Walk};

/// All that was tried, and the answers.
pub(super) struct Report<'a> {
    pub(super) fixture: &'a Fixture,
    pub(super) walks: Vec<Walk>,
    pub(super) cases: Vec<CaseResult>,
    pub(super) coverage: Coverage,
    pub(super) seed: u64,
    /// The document's name, as it was given.
    pub(super) name: String,
    /// Further arguments with which the command tries the same.
    pub(super) arguments: Vec<String>,
    /// Until every Envoy was ready.
    pub(super) ready: Duration,
    pub(super) whole: Duration,
}

impl Report<'_> {
    pub(super) fn all_right(&self) -> bool {
        self.wrong() == 0 && self.hops().next().is_some() && self.too_often().next().is_none()
    }

    /// The tasks that an instance entered too often: how often, and how often it may.
    pub(super) fn too_often(&self) -> impl Iterator<Item = (TaskName, u64, u64)> {
        self.walks.iter().filter_map(|walk| walk.too_often(&self.fixture.workflow))
    }

    /// What no instance reached.
    pub(super) fn unreached(&self) -> Unreached {
        Unreached::of(&self.fixture.workflow, &self.walks)
    }

    pub(super) fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.walks.iter().flat_map(|walk| &walk.hops)
    }

    /// How many answers are wrong.
    pub(super) fn wrong(&self) -> usize {
        let cases = self.cases.iter().filter(|case| !case.right()).count();
        cases.saturating_add(self.hops().filter(|hop| !hop.right).count())
    }
}

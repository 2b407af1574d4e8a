//! Running guards on facts.

mod evaluate;
mod failure;
mod query;
mod readable;
mod variables;

use chrono::DateTime;
pub use failure::{Fault, GuardFailure};
pub(crate) use readable::header_line;
use stepgate_config::guard::Guard;
pub(crate) use variables::Variables;

use evaluate::Evaluation;
use readable::Readable;

/// The guard's value. Only `true` permits: an error denies as false does.
///
/// # Errors
/// The request has a part that the guard must not read, or the guard failed.
pub(crate) fn evaluate(guard: &Guard, variables: &Variables<'_>) -> Result<bool, GuardFailure> {
    let reads = guard.reads();
    let request = Readable::of(variables.facts, reads)?;
    let seconds = i64::try_from(variables.facts.now.seconds()).ok();
    let now = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(GuardFailure::Time)?;
    Evaluation { variables, request: &request, reads, now }.truth(guard.condition())
}

#[cfg(test)]
mod tests;

//! Each case of the corpus as a test of its own, so that it can be run by its name.

use std::env;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use libtest_mimic::{Failed, Trial};
use stepgate_decision::UnixTime;

use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;

/// The corpus, for as long as the process runs.
///
/// # Errors
/// Returns a message that names the file.
pub fn corpus() -> Result<&'static Corpus, String> {
    Corpus::read().map(|corpus| &*Box::leak(Box::new(corpus)))
}

/// The built filter.
///
/// # Errors
/// If no variable names it.
pub fn module() -> Result<PathBuf, String> {
    let named = env::var_os("STEPGATE_MODULE").map(PathBuf::from);
    named.ok_or_else(|| "STEPGATE_MODULE names no filter: `make filter` builds it, `make check` names it".to_owned())
}

/// One case, run by one subject, whose name is the kind of the test. The subject makes the case's tokens with
/// `salt`.
pub fn trial(
    whole: &'static Whole,
    subject: &str,
    salt: &'static str,
    run: impl FnOnce(&'static Whole) -> Result<Outcome, String> + Send + 'static,
) -> Trial {
    let judge = move || {
        let differences = run(whole)?.differs(&whole.case.then, salt);
        if differences.is_empty() { Ok(()) } else { Err(Failed::from(differences.join("; "))) }
    };
    Trial::test(whole.title(), judge).with_kind(subject)
}

/// The time at which a case is run: its own, or now.
///
/// # Errors
/// If the case's time is malformed.
pub fn time_of(whole: &Whole) -> Result<UnixTime, String> {
    let Some(at) = whole.when.at.as_deref() else { return now() };
    let at: DateTime<Utc> = at.parse().map_err(|error| format!("`{at}`: {error}"))?;
    u64::try_from(at.timestamp()).map(UnixTime::from_seconds).map_err(|error| error.to_string())
}

/// The time.
///
/// # Errors
/// If the clock is set before 1970.
pub fn now() -> Result<UnixTime, String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(UnixTime::from_seconds(since.as_secs()))
}

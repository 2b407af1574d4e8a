//! A request of each gate that is measured, and configurations of several sizes, for the test that counts what they cost.

use std::path::Path;

use stepgate_decision::Header;

use super::setup::{Parts, Setup};
use super::workflow::{CALLED, CALLER, Further, Level};
use crate::environment::Environment;

/// A gate, and a request of [`Kind::peer`] to it.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The label of its rows.
    pub label: &'static str,
    /// Its configuration, as a proxy hands it over.
    pub configuration: String,
    /// Its own identity.
    pub own: &'static str,
    /// Whose request it is.
    pub peer: &'static str,
    /// The request.
    pub headers: Vec<Header>,
    /// The code of the denial that the gate answers, if it denies it.
    pub denied: Option<&'static str>,
}

/// One for each gate whose replay record is empty at first.
///
/// # Errors
/// If a key is missing.
pub fn kinds(keys: &Environment) -> Result<Vec<Kind>, String> {
    let parts = Parts { module: Path::new("the gate"), empty: Path::new("empty"), keys };
    let mut kinds = Vec::new();
    for mut setup in Setup::all(&parts)? {
        let plugin = setup.plugin.take().filter(|plugin| plugin.module == parts.module && !setup.filled);
        let (Some(plugin), Some(request)) = (plugin, setup.scene.requests(1)?.pop()) else { continue };
        let own = [(":method", request.method), (":path", request.path), (":authority", "third".to_owned())];
        let own = own.map(|(name, value)| (name.to_owned(), value.into_bytes()));
        kinds.push(Kind {
            label: setup.label,
            configuration: stepgate_mesh::configuration_text(&plugin.configuration),
            own: CALLED,
            peer: CALLER,
            headers: own.into_iter().chain(request.headers).collect(),
            denied: (setup.status != 200).then_some("BAD_SIGNATURE"),
        });
    }
    Ok(kinds)
}

/// Configurations with about so many transitions, as a proxy hands them over.
pub fn configurations() -> [(&'static str, String); 4] {
    [
        ("2 transitions", Further::NONE),
        ("100 transitions", Further::HUNDRED),
        ("1,000 transitions", Further::THOUSAND),
        ("10,000 transitions", Further::LARGE),
    ]
    .map(|(label, further)| (label, stepgate_mesh::configuration_text(&Level::Hs256.configuration(further))))
}

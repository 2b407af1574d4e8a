//! The key with which a token is minted. Never an argument: those stand in process lists and histories.

use std::path::PathBuf;

use stepgate_config::name::Kid;
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::{Key, KeyActor, KeyRing};

use crate::command::failure::Failure;
use crate::command::subject::Subject;
use crate::command::{environment, held, input, stand_in};
use stepgate_decision::token::Claims;

/// Longest file that is read as a JWK.
const MAX_JWK_FILE: usize = 8192;

/// Where the key is.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    /// The variable that holds the private JWK [default: as a gate's configuration says]
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    key_env: Option<String>,
    /// The file that holds the private JWK; `-`: the standard input
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The key's name [default: as the JWK says]
    #[arg(long, value_parser = |text: &str| Kid::try_from(text))]
    kid: Option<Kid>,
}

/// A key to sign with.
pub(super) enum Signer {
    Given(Box<Key>),
    /// Those that a gate with this environment would have.
    Configured(KeyRing),
}

impl Signer {
    pub(super) fn of(args: &KeyArgs, subject: &Subject) -> Result<Self, Failure> {
        let jwk = match (&args.key_env, &args.key) {
            (Some(env), _) => environment::read(env).map_err(|absent| {
                Failure::impossible(absent.of(env)).help("export it first, with the private JWK in it")
            })?,
            (None, Some(path)) => input::read_text(path, "JWK", MAX_JWK_FILE)?,
            (None, None) if subject.is_document => {
                return Err(Failure::usage("a document has no keys").help(
                    "give --key-env NAME or --key FILE (`stepgate keygen` draws one), or a gate's configuration",
                ));
            }
            (None, None) => return Self::configured(args, subject),
        };
        let kid = args.kid.clone().map_or_else(|| kid_of(&jwk), Ok)?;
        let key = Key::new(kid, KeyActor::Any, jwk.trim())
            .map_err(|why| Failure::impossible(format!("the key cannot be used: {why}")))?;
        if !key.material().signs() {
            return Err(Failure::impossible("the key is public: it cannot sign").help("give the private JWK"));
        }
        Ok(Self::Given(Box::new(key)))
    }

    fn configured(args: &KeyArgs, subject: &Subject) -> Result<Self, Failure> {
        let mut keys = subject.config.keys.clone();
        keys.retain(|spec| args.kid.as_ref().is_none_or(|kid| spec.kid == *kid));
        let read = KeyRing::read(&keys, &subject.config.revoked, &environment::value);
        let (ring, missing) = read.map_err(|found| stand_in::keys_failed(&found))?;
        environment::warn_of(&missing);
        Ok(Self::Configured(ring))
    }

    /// The key for the issuer of these claims.
    pub(super) fn key(&self, workflow: &Workflow, claims: &Claims) -> Result<&Key, Failure> {
        match self {
            Self::Given(key) => Ok(key),
            Self::Configured(ring) => held::key_for(workflow, claims, ring),
        }
    }
}

/// The name that a JWK gives itself.
fn kid_of(jwk: &str) -> Result<Kid, Failure> {
    let jwk: serde_json::Value =
        serde_json::from_str(jwk).map_err(|_| Failure::impossible("the key is no JWK (RFC 7517): it is not JSON"))?;
    let kid = jwk.get("kid").and_then(|kid| kid.as_str());
    let kid = kid.ok_or_else(|| {
        Failure::usage("the JWK has no `kid`").help("give --kid, as the gate's configuration names the key")
    })?;
    Kid::try_from(kid).map_err(|why| Failure::impossible(format!("the JWK's `kid` cannot name a key: {why}")))
}

//! The key that signs a minted token. It is never an argument: process lists and shell histories show those.

use std::path::PathBuf;

use stepgate_config::name::Kid;
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::{Key, KeyActor, KeyRing};

use crate::command::error::CommandError;
use crate::command::input::Input;
use crate::command::{environment, example_step, gate_keys, source};
use stepgate_decision::token::Claims;

/// Longest file of a JWK that is read, in bytes.
const MAX_JWK_FILE: usize = 8192;

/// The place of the key.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    /// The variable with the private JWK [default: that of the gate's configuration]
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    key_env: Option<String>,
    /// The file with the private JWK; `-`: standard input
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The key's name [default: that of the JWK]
    #[arg(long, value_parser = |text: &str| Kid::try_from(text))]
    kid: Option<Kid>,
}

/// A key to sign with.
pub(super) enum Signer {
    Given(Box<Key>),
    /// The keys of a gate with this environment.
    Configured(KeyRing),
}

impl Signer {
    pub(super) fn of(args: &KeyArgs, input: &Input) -> Result<Self, CommandError> {
        let jwk = match (&args.key_env, &args.key) {
            (Some(env), _) => environment::read(env)
                .map_err(|error| CommandError::failed(error).help("export it first, with the private JWK in it"))?,
            (None, Some(path)) => source::read_text(path, MAX_JWK_FILE)?,
            (None, None) if input.is_document => {
                return Err(CommandError::usage("a document has no keys").help(
                    "give --key-env NAME or --key FILE (`stepgate keygen` generates one), or a gate's configuration",
                ));
            }
            (None, None) => return Self::configured(args, input),
        };
        let kid = args.kid.clone().map_or_else(|| kid_of(&jwk), Ok)?;
        let key = Key::new(kid, KeyActor::Any, jwk.trim())
            .map_err(|error| CommandError::failed(format!("the key cannot be used: {error}")))?;
        if !key.material().signs() {
            return Err(CommandError::failed("the key is public: it cannot sign").help("give the private JWK"));
        }
        Ok(Self::Given(Box::new(key)))
    }

    fn configured(args: &KeyArgs, input: &Input) -> Result<Self, CommandError> {
        let mut config = input.config.clone();
        config.keys.retain(|spec| args.kid.as_ref().is_none_or(|kid| spec.kid == *kid));
        Ok(Self::Configured(gate_keys::ring(&config)?))
    }

    /// The key for the issuer of these claims.
    pub(super) fn key(&self, workflow: &Workflow, claims: &Claims) -> Result<&Key, CommandError> {
        match self {
            Self::Given(key) => Ok(key),
            Self::Configured(ring) => example_step::key_for(workflow, claims, ring),
        }
    }
}

/// The `kid` of a JWK.
fn kid_of(jwk: &str) -> Result<Kid, CommandError> {
    let jwk: serde_json::Value = serde_json::from_str(jwk)
        .map_err(|_| CommandError::failed("the key is not a JWK (RFC 7517): it is not JSON"))?;
    let kid = jwk.get("kid").and_then(|kid| kid.as_str());
    let kid = kid.ok_or_else(|| {
        CommandError::usage("the JWK has no `kid`")
            .help("give --kid with the name of the key in the gate's configuration")
    })?;
    Kid::try_from(kid).map_err(|error| CommandError::failed(format!("the JWK's `kid` cannot name a key: {error}")))
}

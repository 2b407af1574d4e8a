//! The algorithms of keys, as an argument.

use clap::ValueEnum;
use stepgate_decision::keys::Algorithm;

/// `--alg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Alg {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<Alg> for Algorithm {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::Hs256 => Self::Hs256,
            Alg::Es256 => Self::Es256,
            Alg::EdDsa => Self::EdDsa,
        }
    }
}

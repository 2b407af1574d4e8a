//! The command `stepgate`: arguments, output and exit codes. The work is done by the crates beside it.

pub mod command;

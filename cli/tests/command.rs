//! The command `stepgate` as it is run: its answers, and the codes with which it ends.

#[path = "command/check.rs"]
mod check;
#[path = "command/explain.rs"]
mod explain;
#[path = "command/help.rs"]
mod help;
#[path = "command/keygen.rs"]
mod keygen;
#[path = "command/run.rs"]
mod run;
#[path = "command/token.rs"]
mod token;

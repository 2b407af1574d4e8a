//! Ties the life of an Envoy to that of this process: however this process ends, the Envoy ends.
//!
//! Linux ends a child when its parent dies if the child asks for that (`prctl(2)`,
//! `PR_SET_PDEATHSIG`), and that outlives `exec`. So an Envoy is started through a program that
//! asks and then becomes Envoy: `stepgate` itself, or `setpriv` if this program is not `stepgate`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::MeshError;
use super::envoy_binary::is_program;

/// The hidden first argument of `stepgate`.
const SUPERVISED: &str = "__supervised";

/// If the arguments (without the program's name) are those of a supervised start, becomes the program
/// named in them, or says why not. To be called first by `stepgate`'s `main`.
pub fn run_if_supervised<I>(arguments: I) -> Option<ExitCode>
where
    I: IntoIterator<Item = OsString>,
{
    let mut arguments = arguments.into_iter();
    if arguments.next()? != SUPERVISED {
        return None;
    }
    let error = match (arguments.next(), arguments.next()) {
        (Some(parent), Some(program)) => become_supervised(&parent, &program, arguments),
        _ => format!("`{SUPERVISED}` needs the parent's process id and a program"),
    };
    eprintln!("stepgate: {error}");
    Some(ExitCode::from(127))
}

/// Returns only if it fails, with the reason.
#[cfg(target_os = "linux")]
fn become_supervised(parent: &OsStr, program: &OsStr, arguments: impl Iterator<Item = OsString>) -> String {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return format!("cannot ask to end with the parent: {error}");
    }
    // The parent may have died before we asked; then no signal will ever come.
    let now = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if now.as_deref().map(OsStr::new) != Some(parent) {
        return "the parent is gone".into();
    }
    let error = Command::new(program).args(arguments).exec();
    format!("cannot run `{}`: {error}", Path::new(program).display())
}

#[cfg(not(target_os = "linux"))]
fn become_supervised(_: &OsStr, _: &OsStr, _: impl Iterator<Item = OsString>) -> String {
    "the local mesh needs Linux".into()
}

/// How children are started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Launcher {
    Stepgate(PathBuf),
    Setpriv(PathBuf),
}

impl Launcher {
    pub(super) fn find(wanted: Option<&Path>) -> Result<Self, MeshError> {
        if let Some(path) = wanted {
            return Ok(Self::Stepgate(path.into()));
        }
        if let Some(path) = env::var_os("STEPGATE_LAUNCHER").filter(|path| !path.is_empty()) {
            return Ok(Self::Stepgate(path.into()));
        }
        // Any other program, such as a test runner, does not know the hidden argument.
        match env::current_exe() {
            Ok(own) if own.file_name() == Some(OsStr::new("stepgate")) => Ok(Self::Stepgate(own)),
            _ => on_path("setpriv").map(Self::Setpriv).ok_or(MeshError::NoLauncher),
        }
    }

    /// A command that runs `program` until this process or the calling thread ends.
    pub(super) fn command(&self, program: &Path) -> Command {
        match self {
            Self::Stepgate(path) => {
                let mut command = Command::new(path);
                let own = std::process::id().to_string();
                command.args([OsStr::new(SUPERVISED), OsStr::new(&own), program.as_os_str()]);
                command
            }
            Self::Setpriv(path) => {
                let mut command = Command::new(path);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|file| is_program(file))
}

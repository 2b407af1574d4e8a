//! Requirements on this machine, and its commands.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// How long a started program may take until it answers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The requirements that this machine lacks, for a test that needs these commands and perhaps root. A test that
/// cannot run reports that on the terminal, even if the test runner hides the output of passing tests. Under
/// `make test-containers`, which installs all requirements, the test fails instead.
pub(crate) fn lacking(test: &str, commands: &[&str], root: bool) -> bool {
    let missing = |name: &&&str| !found(name);
    let mut lacks: Vec<String> = commands.iter().filter(missing).map(|name| format!("the command `{name}`")).collect();
    if root && !is_root() {
        lacks.push("root, for namespaces".to_owned());
    }
    let temporary = std::env::temp_dir();
    if ["/run", "/opt", "/etc"].iter().any(|replaced| temporary.starts_with(replaced)) {
        lacks.push(format!("a `TMPDIR` that engines see: they have their own /run, /opt and /etc, not {temporary:?}"));
    }
    // `sun_path` has 108 bytes, and the engines need some of them.
    if temporary.as_os_str().len() > 50 {
        lacks.push(format!("a `TMPDIR` short enough for Unix sockets: {temporary:?} has more than 50 bytes"));
    }
    if images().is_none() {
        lacks.push("the images: `make image` packs them".to_owned());
    }
    if lacks.is_empty() {
        return false;
    }
    let lacks = lacks.join(", ");
    assert!(std::env::var_os("STEPGATE_CONTAINERS").is_none_or(|must| must.is_empty()), "{test}: no {lacks}");
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {test}; this machine lacks {lacks}");
    true
}

/// The folder with the image layouts, if they were built.
pub(crate) fn images() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("STEPGATE_IMAGES")?);
    folder.join("module/index.json").is_file().then_some(folder)
}

fn found(command: &str) -> bool {
    path_of(command).is_some()
}

/// Debian's own come first: an unrelated `docker` may be earlier on the path.
fn path_of(command: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = ["/usr/bin", "/usr/sbin"].into_iter().map(String::from);
    own.chain(path.split(':').map(String::from))
        .map(|folder| PathBuf::from(folder).join(command))
        .find(|at| at.is_file())
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// A command by its name. It inherits neither the caller's environment nor the home folder: a proxy, or credentials and
/// contexts of Docker there, would change the result.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(path_of(name).unwrap_or_else(|| panic!("no command `{name}`")));
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", format!("/usr/sbin:/usr/bin:/sbin:/bin:{path}")).env("LC_ALL", "C.UTF-8");
    command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// The output of a command.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", told(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The output and the errors of a command.
pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits for an answer.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>, state: impl Fn() -> String) -> T {
    stepgate_mesh::until(PATIENCE, &mut answer)
        .unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}:\n{}", state()))
}

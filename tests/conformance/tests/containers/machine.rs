//! What this machine has, and how its commands are run.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// How long something that was started may take until it answers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const POLL: Duration = Duration::from_millis(100);

/// What this machine lacks for a test that needs these commands, and root where it says so. A test that
/// cannot run says so on the terminal, also where the test runner keeps what passing tests print; under
/// `make test-containers`, where everything was fetched, it fails instead.
pub(crate) fn lacking(test: &str, commands: &[&str], root: bool) -> bool {
    let missing = |name: &&&str| !found(name);
    let mut lacks: Vec<String> = commands.iter().filter(missing).map(|name| format!("the command `{name}`")).collect();
    if root && !is_root() {
        lacks.push("root, for namespaces".to_owned());
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

/// The folder with the image layouts, if they were made.
pub(crate) fn images() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("STEPGATE_IMAGES")?);
    folder.join("module/index.json").is_file().then_some(folder)
}

fn found(command: &str) -> bool {
    path_of(command).is_some()
}

/// Debian's own come first: another `docker` may stand before it on the path, and be something else.
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

/// A command by its name.
pub(crate) fn command(name: &str) -> Command {
    Command::new(path_of(name).unwrap_or_else(|| panic!("no command `{name}`")))
}

/// What a command prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", told(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// All that a command said.
pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits for an answer.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>, state: impl Fn() -> String) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}:\n{}", state());
        std::thread::sleep(POLL);
    }
}

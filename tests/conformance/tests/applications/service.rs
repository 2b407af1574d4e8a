//! An application as a process: built in a folder of its own from its file and the middleware, then started.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stepgate_mesh::until;
use tempfile::TempDir;
use tokio::runtime::Runtime as Tokio;

use crate::rust;
use crate::settings::Settings;
use crate::subject::{Runtime, Subject, packages};

/// A virtual machine with an agent starts slowly on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An application, ready to be started.
pub(crate) struct Service {
    subject: &'static Subject,
    folder: TempDir,
}

/// An application that listens. It ends when this is dropped.
pub(crate) enum Running {
    Process(Child),
    Rust { _runtime: Tokio },
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Process(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Service {
    /// Builds it as its owner would, who has copied the middleware beside it.
    pub(crate) fn build(subject: &'static Subject) -> Self {
        let service = Self { subject, folder: TempDir::new().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let copy = |language: &str, middleware: &str| {
            copy_files(&root.join("apps").join(language), &service.folder.path().join(middleware));
            copy_files(&root.join("tests/conformance/fixtures/applications").join(language), service.folder.path());
        };
        match subject.runtime {
            Runtime::Rust => {}
            Runtime::Go => {
                copy("go", "workflowstep");
                fs::write(service.folder.path().join("go.mod"), "module application\n\ngo 1.21\n").unwrap();
                service.run(Command::new("go").args(["build", "-o", "application", "."]));
            }
            Runtime::Wsgi | Runtime::Asgi | Runtime::PythonOtel => copy("python", ""),
            Runtime::Node => copy("node", ""),
            Runtime::Java | Runtime::JavaOtel => {
                copy("java", "");
                service.run(Command::new("javac").args(["-cp", &jars(), "WorkflowStep.java", "Application.java"]));
            }
        }
        service
    }

    fn run(&self, command: &mut Command) {
        let output = command.current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&self, settings: &Settings) -> Running {
        if self.subject.runtime == Runtime::Rust {
            return Running::Rust { _runtime: rust::start(settings) };
        }
        let (program, arguments) = self.command(settings.with);
        // However this process ends, the application ends too.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments).args(self.subject.arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("HOST", settings.at.ip().to_string()).env("PORT", settings.at.port().to_string());
        command.env("MEETING", &settings.meeting).env("NEXT", &settings.next);
        for exporter in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"] {
            command.env(exporter, "none");
        }
        let instrumented = matches!(self.subject.runtime, Runtime::PythonOtel | Runtime::JavaOtel);
        if instrumented || !settings.with {
            command.env("WITHOUT", "1");
        }
        let log = fs::File::create(self.log()).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut running = Running::Process(command.spawn().unwrap());
        let Running::Process(child) = &mut running else { return running };
        let listens = until(PATIENCE, || {
            assert_eq!(child.try_wait().unwrap(), None, "{}", fs::read_to_string(self.log()).unwrap());
            TcpStream::connect(settings.at).ok()
        });
        assert!(listens.is_some(), "not ready: {}", fs::read_to_string(self.log()).unwrap());
        running
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn command(&self, with: bool) -> (PathBuf, Vec<String>) {
        let python = |file: &str| (packages().join("python/bin/python"), vec![file.to_owned()]);
        let java = |agent: Vec<String>| {
            let own = ["-cp".to_owned(), format!(".:{}", jars()), "Application".to_owned()];
            ("java".into(), agent.into_iter().chain(own).collect())
        };
        match self.subject.runtime {
            Runtime::Rust | Runtime::Go => (self.folder.path().join("application"), Vec::new()),
            Runtime::Wsgi => python("wsgi.py"),
            Runtime::Asgi => python("asgi.py"),
            Runtime::PythonOtel if with => {
                let bin = packages().join("python/bin");
                let program = bin.join("python").display().to_string();
                (bin.join("opentelemetry-instrument"), vec![program, "otel.py".to_owned()])
            }
            Runtime::PythonOtel => python("otel.py"),
            Runtime::Node => ("node".into(), vec!["application.mjs".to_owned()]),
            Runtime::JavaOtel if with => java(vec![format!("-javaagent:{}", agent().display())]),
            Runtime::Java | Runtime::JavaOtel => java(Vec::new()),
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The servlet container, as a class path.
fn jars() -> String {
    let jars = files_in_jars().into_iter().filter(|jar| jar.to_string_lossy().contains("tomcat"));
    jars.map(|jar| jar.display().to_string()).collect::<Vec<_>>().join(":")
}

fn agent() -> PathBuf {
    files_in_jars().into_iter().find(|jar| jar.to_string_lossy().contains("opentelemetry-javaagent")).unwrap()
}

fn files_in_jars() -> Vec<PathBuf> {
    fs::read_dir(packages().join("java/jars")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

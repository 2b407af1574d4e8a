//! `func-e run -c envoy/local.yaml`, as the README shows it. `make test` says where all that it needs is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are no tests to clippy")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use stepgate_mesh::{CallError, Credential, Response, find_envoy};
use stepgate_tests::raw;

struct Local {
    func_e: Child,
    at: SocketAddr,
    dir: tempfile::TempDir,
}

impl Local {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let module = dir.path().join("target/wasm32-wasip1/filter/stepgate_filter.wasm");
        fs::create_dir_all(module.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(from_make("STEPGATE_MODULE"), &module).unwrap();
        let certificates = dir.path().join("envoy/local");
        let prepared = Command::new(root.join("envoy/prepare.sh")).arg(&certificates).status();
        assert!(prepared.unwrap().success());
        let host = own_address();
        let bootstrap = fs::read_to_string(root.join("envoy/local.yaml")).unwrap();
        fs::write(dir.path().join("envoy/local.yaml"), moved(&bootstrap, host)).unwrap();
        upstream(TcpListener::bind((host, 8080)).unwrap());

        let output = File::create(dir.path().join("output")).unwrap();
        let func_e = Command::new(from_make("FUNC_E"))
            .args(["run", "-c", "envoy/local.yaml"])
            .current_dir(dir.path())
            // func-e keeps logs in the home directory.
            .env("HOME", dir.path())
            .env("ENVOY_PATH", find_envoy().unwrap_or_else(|e| panic!("{e}")))
            .env("STEPGATE_KEY_MOVIE", fs::read_to_string(certificates.join("movie.jwk")).unwrap())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap();
        let at = SocketAddr::from((host, 10000));
        let mut local = Self { func_e, at, dir };
        local.await_listener();
        local
    }

    fn await_listener(&mut self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(self.at).is_err() {
            let ended = self.func_e.try_wait().unwrap();
            let late = begun.elapsed() > Duration::from_secs(20);
            assert!(ended.is_none() && !late, "{ended:?}:\n{}", self.output());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn output(&self) -> String {
        fs::read_to_string(self.dir.path().join("output")).unwrap()
    }

    fn credential(&self, name: &str) -> Credential {
        let file =
            |suffix: &str| fs::read_to_string(self.dir.path().join(format!("envoy/local/{name}{suffix}"))).unwrap();
        Credential::from_pem(&file(".pem"), &file(".key.pem")).unwrap()
    }

    fn call(&self, peer: Option<&str>, request: &[u8]) -> Result<Response, CallError> {
        let peer = peer.map(|name| self.credential(name));
        raw::call(self.at, &self.credential("vfx-1"), peer.as_ref(), request)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.func_e.id()).unwrap()).unwrap();
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.func_e.wait();
    }
}

fn from_make(name: &str) -> PathBuf {
    let path = std::env::var_os(name).filter(|path| !path.is_empty());
    PathBuf::from(path.unwrap_or_else(|| panic!("`{name}` is not set: run the tests by `make test`")))
}

/// The documented ports may be taken on this machine, so the test has an address of its own.
fn own_address() -> Ipv4Addr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 128 | (a & 0x7f), b, c.max(1))
}

fn moved(bootstrap: &str, host: Ipv4Addr) -> String {
    let mut text = bootstrap.replace("port_value: 9901", "port_value: 0");
    for port in [10000, 8080] {
        let documented = format!("{{address: 127.0.0.1, port_value: {port}}}");
        assert!(text.contains(&documented), "no {documented} in envoy/local.yaml");
        let here = IpAddr::from(host);
        text = text.replace(&documented, &format!("{{address: {here}, port_value: {port}}}"));
    }
    text
}

/// The service behind the gate: answers each connection once, until the test's process ends.
fn upstream(listener: TcpListener) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 16384]);
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nbehind";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

#[test]
fn the_bootstrap_of_one_local_envoy_runs_and_its_gate_decides() {
    let local = Local::start();
    let shots = b"POST /shots/7 HTTP/1.1\r\nhost: vfx-1\r\ncontent-length: 0\r\n\r\n";

    let start = local.call(Some("owner"), shots).unwrap();
    assert_eq!((start.status, start.body.as_slice()), (200, b"behind".as_slice()), "{}", local.output());
    let refused = local.call(Some("hdr"), shots).unwrap();
    assert_eq!(refused.status, 403, "{}", local.output());
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(text.contains("\"code\""), "{text}");
    // In TLS 1.3 the refusal comes in the place of a response, as an alert or as a reset.
    let without_certificate = local.call(None, shots);
    assert!(matches!(without_certificate, Err(CallError::Tls(_) | CallError::Http(_))), "{without_certificate:?}");
}

//! The images in a real registry, in a real Docker Engine and in containerd. All three are started here, in
//! namespaces of their own, and end with the tests; `make test-containers` installs their requirements.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and clippy does not count its helpers as tests"
)]

mod engine;
mod machine;
mod namespace;
mod registry;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use engine::{Containerd, Docker, ECHO, GATE};
use machine::{command, images, lacking, run};
use registry::Registry;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stepgate_tests::base::Base;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn module() -> Vec<u8> {
    fs::read(stepgate_tests::trials::module().unwrap()).unwrap()
}

fn sha256(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The reference of an image in a layout.
fn digest_in(layout: &Path, name: &str) -> String {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let all = index["manifests"].as_array().unwrap();
    let found = all.iter().find(|manifest| manifest["annotations"]["org.opencontainers.image.ref.name"] == name);
    found.unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_images_of_the_filter_are_pushed_and_read_back() {
    if lacking("the images in a registry", &["docker-registry", "skopeo", "curl", "setpriv"], false) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start(folder.path());
    let layout = images().unwrap().join("module");

    // Unchanged, byte for byte: the module that a WasmPlugin names by `sha256` is the one that was built.
    for name in ["compat", "artifact", "sbom"] {
        registry.push(&layout, name, &format!("filter:{name}"), None);
        let manifest = registry.manifest(&format!("filter:{name}"));
        assert_eq!(sha256(&manifest), digest_in(&layout, name), "{name}");
    }
    // Registries that support only Docker's types get those, which Istio reads too.
    registry.push(&layout, "compat", "filter:docker", Some("v2s2"));

    for name in ["compat", "artifact", "docker"] {
        let manifest: Value = serde_json::from_slice(&registry.manifest(&format!("filter:{name}"))).unwrap();
        let read = as_istio_reads(&manifest, &|digest| registry.blob("filter", digest));
        assert!(read == module(), "{name} contains another module");
    }
    let sbom: Value = serde_json::from_slice(&registry.manifest("filter:sbom")).unwrap();
    let sbom = registry.blob("filter", sbom["layers"][0]["digest"].as_str().unwrap());
    let sbom: Value = serde_json::from_slice(&sbom).unwrap();
    let components: Vec<&str> =
        sbom["components"].as_array().unwrap().iter().filter_map(|component| component["name"].as_str()).collect();
    for part in ["jwt-simple", "serde_json", "stepgate-decision"] {
        assert!(components.contains(&part), "no {part} in the bill of materials");
    }
    // Only the tests use it.
    assert!(!components.contains(&"cel"));
    // It contains nothing about the machine on which it was made.
    assert!(!sbom.to_string().contains(&root().display().to_string()));
}

/// By the rules of pilot-agent's fetcher: Docker's type of manifest requires Docker's type of layer; otherwise
/// the last layer is tried as an OCI layer, and only then exactly two layers, one of which is the module.
fn as_istio_reads(manifest: &Value, blob: &dyn Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let layers = manifest["layers"].as_array().unwrap();
    let content = |layer: &Value| blob(layer["digest"].as_str().unwrap());
    let last = layers.last().unwrap();
    let docker = manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json";
    let packed = match (docker, last["mediaType"].as_str().unwrap()) {
        (true, "application/vnd.docker.image.rootfs.diff.tar.gzip") => true,
        (true, other) => panic!("Docker's manifest with a layer of {other}"),
        (false, other) => other == "application/vnd.oci.image.layer.v1.tar+gzip",
    };
    if !packed {
        assert_eq!(layers.len(), 2);
        let wasm = |layer: &&Value| layer["mediaType"] == "application/vnd.module.wasm.content.layer.v1+wasm";
        return content(layers.iter().find(wasm).unwrap());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(content(last).as_slice()).read_to_end(&mut plain).unwrap();
    let mut archive = tar::Archive::new(plain.as_slice());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries.find(|entry| entry.path().unwrap().ends_with("plugin.wasm")).unwrap();
    let mut module = Vec::new();
    entry.read_to_end(&mut module).unwrap();
    module
}

#[test]
fn the_command_and_the_local_envoy_run_in_docker_and_in_containerd() {
    let commands = ["dockerd", "docker", "docker-compose", "containerd", "ctr", "runc", "skopeo", "curl", "nsenter"];
    if lacking("Docker and containerd", &commands, true) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let docker = Docker::start(&inside("docker"));
    the_command_runs(&docker, folder.path());

    let envoy = stepgate_mesh::find_envoy().unwrap_or_else(|error| panic!("{error}"));
    let gate = Base::new(&inside("envoy")).unwrap();
    gate.program(&envoy, "/usr/local/bin/envoy").unwrap();
    for program in ["/bin/sh", "/bin/sed", "/bin/chmod"] {
        gate.program(Path::new(program), program).unwrap();
    }
    docker.import(&gate, "stepgate-test-envoy");
    let python = Base::new(&inside("python")).unwrap();
    python.python("/usr/bin/python").unwrap();
    docker.import(&python, ECHO);

    let context = context(&inside("context"));
    let certificates = context.join("envoy/local");
    let key = fs::read_to_string(certificates.join("movie.jwk")).unwrap();
    let compose = || {
        let mut compose = docker.compose(&context.join("envoy/compose.yaml"));
        compose.env("ENVOY_IMAGE", "stepgate-test-envoy").env("PYTHON_IMAGE", ECHO).env("STEPGATE_KEY_MOVIE", &key);
        compose
    };
    run(compose().args(["up", "--detach", "--build"]));
    decides(&docker.namespace, &certificates);

    // The same image: no other build, no other Envoy.
    let saved = folder.path().join("images.tar");
    run(docker.docker().args(["tag", "stepgate-test_gate", GATE]));
    docker.save(&[GATE, ECHO], &saved);
    run(compose().args(["down", "--timeout", "1"]));
    let containerd = Containerd::start(&inside("containerd"));
    containerd.import(&saved);
    let echo = root().join("tools/echo.py");
    containerd.run(ECHO, "application", &[(&echo, "/echo.py")], &[], &["python", "/echo.py", "8080"]);
    let key = format!("STEPGATE_KEY_MOVIE={key}");
    containerd.run(GATE, "gate", &[(&certificates, "/stepgate/envoy/local")], &[key], &[]);
    decides(&containerd.namespace, &certificates);
}

/// It checks a document that is mounted, without any privilege and without a network.
fn the_command_runs(docker: &Docker, folder: &Path) {
    let (layout, archive) = (images().unwrap().join("stepgate"), folder.join("stepgate.tar"));
    let (from, to) =
        (format!("oci:{}:stepgate", layout.display()), format!("docker-archive:{}:stepgate:test", archive.display()));
    run(command("skopeo").args(["--insecure-policy", "copy", "--quiet", &from, &to]));
    run(docker.docker().args(["load", "--input"]).arg(&archive));
    let document = fs::File::open(root().join("config/examples/movie.yaml")).unwrap();
    let mut check = docker.docker();
    check.args(["run", "--rm", "--interactive", "--network", "none", "--read-only", "--cap-drop", "ALL"]);
    let checked = run(check.args(["stepgate:test", "check", "-"]).stdin(Stdio::from(document)));
    assert!(checked.contains("movie revision 1") && checked.contains("0 errors"), "{checked}");
}

fn decides(namespace: &namespace::Namespace, certificates: &Path) {
    let (status, body) = namespace.call(certificates, "owner");
    assert_eq!(status, 200, "{body}\n{}", namespace.log());
    // The application behind the gate returns the request that it saw.
    let seen: Value = serde_json::from_str(&body).unwrap();
    let headers = seen["headers"].as_array().unwrap();
    assert!(headers.iter().any(|header| header[0].as_str().unwrap().eq_ignore_ascii_case("x-workflow-step")), "{body}");
    let (status, body) = namespace.call(certificates, "hdr");
    assert_eq!(status, 403);
    assert!(body.contains("\"code\":\"NO_STEP\""), "{body}");
}

/// The files of the repository that the Dockerfile's build sees, wherever cargo put the module.
fn context(folder: &Path) -> PathBuf {
    let built = folder.join("target/wasm32-wasip1/filter");
    fs::create_dir_all(&built).unwrap();
    fs::write(built.join("stepgate_filter.wasm"), module()).unwrap();
    for name in
        ["envoy/Dockerfile", "envoy/Dockerfile.dockerignore", "envoy/compose.yaml", "envoy/local.yaml", "tools/echo.py"]
    {
        let to = folder.join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(root().join(name), to).unwrap();
    }
    run(std::process::Command::new(root().join("envoy/prepare.sh")).arg(folder.join("envoy/local")));
    folder.to_owned()
}

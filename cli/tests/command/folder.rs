//! The folder of `stepgate render istio --out`: a file that somebody has changed, added or linked is never lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::render::tour;
use super::run::{Ran, stepgate};

const MANIFEST: &str = "rendered.sha256";
const STAGE: &str = "stages/enforce/kustomization.yaml";

/// A folder that was rendered once.
struct Folder(TempDir);

impl Folder {
    fn rendered() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        assert_eq!(folder.render(&[]).code, 0);
        folder
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn render(&self, arguments: &[&str]) -> Ran {
        render(self.0.path(), arguments)
    }

    fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    fn append(&self, below: &str, text: &str) -> String {
        let text = format!("{}{text}", self.read(below));
        fs::write(self.path(below), &text).unwrap();
        text
    }
}

fn render(dir: &Path, arguments: &[&str]) -> Ran {
    stepgate(&[&["render", "istio", "movie.yaml", "--out", dir.to_str().unwrap()], arguments].concat())
}

/// Every file with its content, but for `.gitignore`, which people change.
fn all(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all(&path));
        } else if !path.ends_with(".gitignore") {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_is_updated_and_foreign_files_stay() {
    let new = tempfile::tempdir().unwrap();
    assert_eq!(render(new.path(), &["--check"]).code, 1, "nothing is there");
    let folder = Folder::rendered();
    assert_eq!(folder.render(&["--check"]).code, 0);
    assert_eq!(folder.render(&[]).out, "written: 0 files\n");
    // A file of an earlier render is removed, a foreign file stays.
    fs::write(folder.path("base/mine.yaml"), "mine").unwrap();
    let secrets = folder.path("secrets/secrets.yaml");
    assert_eq!(stepgate(&["secrets", "movie.yaml", "--out", secrets.to_str().unwrap()]).code, 0);
    let secret = folder.read("secrets/secrets.yaml");
    assert_eq!(folder.render(&["--attach", "mesh"]).code, 0);
    assert!(!folder.path("base/movie.yaml").exists() && folder.path("base/istio-system.yaml").exists());
    // A foreign file at the path of a rendered one is not overwritten.
    fs::write(folder.path("base/movie.yaml"), "mine too").unwrap();
    let before = all(folder.0.path());
    let refused = folder.render(&[]);
    assert!(refused.code == 3 && refused.err.contains("base/movie.yaml"), "{refused:?}");
    assert_eq!(all(folder.0.path()), before, "nothing was changed");
    assert_eq!((folder.render(&["--force"]).code, folder.render(&["--check"]).code), (0, 0));
    assert_eq!((folder.read("base/mine.yaml"), folder.read("secrets/secrets.yaml")), ("mine".into(), secret));
}

#[test]
fn a_changed_file_is_neither_replaced_nor_removed_without_a_word() {
    let folder = Folder::rendered();
    // One file of the next render, and one that it removes. Their first lines are those that were written.
    let stage = folder.append(STAGE, "namePrefix: mine-\n");
    folder.append("base/movie.yaml", "# mine\n");
    let before = all(folder.0.path());
    for arguments in [&[][..], &["--attach", "mesh"]] {
        let refused = folder.render(arguments);
        assert_eq!(refused.code, 3, "{arguments:?}: {refused:?}");
        for part in [STAGE, "base/movie.yaml", "--force"] {
            assert!(refused.err.contains(part), "{part}: {refused:?}");
        }
        assert_eq!(all(folder.0.path()), before, "nothing was changed");
    }
    assert_eq!(folder.render(&["--attach", "mesh", "--force"]).code, 0);
    assert!(folder.read(STAGE) != stage && !folder.path("base/movie.yaml").exists());
    assert_eq!(folder.render(&["--attach", "mesh", "--check"]).code, 0);
}

#[test]
fn a_copied_stage_stays() {
    let folder = Folder::rendered();
    fs::create_dir(folder.path("stages/mine")).unwrap();
    fs::copy(folder.path(STAGE), folder.path("stages/mine/kustomization.yaml")).unwrap();
    let mine = folder.append("stages/mine/kustomization.yaml", "namePrefix: mine-\n");
    for arguments in [&[][..], &["--attach", "mesh"], &["--attach", "mesh", "--check"], &["--force"]] {
        assert_eq!(folder.render(arguments).code, 0, "{arguments:?}");
        assert_eq!(folder.read("stages/mine/kustomization.yaml"), mine);
    }
}

/// What the files cannot do is named where they are written.
#[test]
fn the_limits_of_the_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let sidecars = render(dir.path(), &[]);
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "proxies-rollout", "Knative"] {
        assert!(sidecars.err.contains(kind), "{kind}: {sidecars:?}");
    }
    assert!(!sidecars.err.contains("agentgateway"), "{sidecars:?}");
    // Once is enough.
    for arguments in [&[][..], &["--check"], &["--attach", "workload"]] {
        assert!(!render(dir.path(), arguments).err.contains("note:"), "{arguments:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let waypoints = render(dir.path(), &["--attach", "waypoint"]);
    assert!(waypoints.err.contains("istio-agentgateway*"), "{waypoints:?}");
    assert!(waypoints.err.contains("neither WasmPlugin nor AuthorizationPolicy"), "{waypoints:?}");
    let ((_tour, tour), out) = (tour(), tempfile::tempdir().unwrap());
    let out = out.path().to_str().unwrap();
    let entry = stepgate(&["render", "istio", &tour, "--out", out, "--entry", "edge=tour.example"]);
    assert!(entry.err.contains("istio-agentgateway*") && entry.err.contains("neither Istio's Gateway"), "{entry:?}");
}

#[test]
fn nothing_is_written_through_a_linked_folder() {
    for linked in ["base", "secrets", "stages", "stages/enforce"] {
        for forced in [&[][..], &["--force"]] {
            let folder = Folder::rendered();
            let elsewhere = tempfile::tempdir().unwrap();
            fs::remove_dir_all(folder.path(linked)).unwrap();
            symlink(elsewhere.path(), folder.path(linked)).unwrap();
            let refused = folder.render(&[&["--attach", "mesh"], forced].concat());
            assert!(refused.code == 3 && refused.err.contains("is a link"), "{linked}: {refused:?}");
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "{linked}");
        }
    }
    // The folder itself may be one: it was named.
    let (place, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(target.path(), place.path().join("link")).unwrap();
    assert_eq!(render(&place.path().join("link"), &[]).code, 0);
    assert!(target.path().join(STAGE).exists());
}

#[test]
fn a_linked_file_is_not_followed() {
    let folder = Folder::rendered();
    let target = folder.path("mine.yaml");
    for file in ["stages/off/kustomization.yaml", MANIFEST] {
        // Even if its target has a content that was written.
        fs::write(&target, folder.read(file)).unwrap();
        fs::remove_file(folder.path(file)).unwrap();
        symlink(&target, folder.path(file)).unwrap();
        let kept = folder.read("mine.yaml");
        let refused = folder.render(&["--attach", "mesh"]);
        assert!(refused.code == 3 && refused.err.contains(file), "{file}: {refused:?}");
        assert_eq!(folder.render(&["--attach", "mesh", "--force"]).code, 0);
        assert!(folder.read("mine.yaml") == kept && !folder.path(file).is_symlink(), "{file}");
        assert_eq!(folder.render(&["--force"]).code, 0);
    }
}

#[test]
fn the_manifest_has_the_digest_of_every_file() {
    let folder = Folder::rendered();
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "--quiet", MANIFEST]).current_dir(folder.0.path());
    let checked = check.output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let files = all(folder.0.path()).len();
    assert_eq!(folder.read(MANIFEST).lines().count() + 1, files, "all but the manifest itself");
    // Without it nothing is known to be written: only the same content may be there.
    fs::remove_file(folder.path(MANIFEST)).unwrap();
    assert_eq!(folder.render(&["--check"]).code, 1);
    assert_eq!(folder.render(&["--attach", "mesh"]).code, 3);
    assert_eq!(folder.render(&[]).out, format!("{MANIFEST}\nwritten: 1 file\n"));
    assert_eq!(folder.render(&["--attach", "mesh"]).code, 0);
}

#[test]
fn a_foreign_manifest_is_refused() {
    let folder = Folder::rendered();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let text = folder.read(MANIFEST);
    let digest = text.split(' ').next().unwrap();
    for line in [
        format!("{digest}  ../{}", outside.path().file_name().unwrap().to_str().unwrap()),
        format!("{digest}  {}", outside.path().display()),
        format!("{digest}  base/../../x"),
        format!("{digest} *base/x"),
        format!("{digest}x  base/x"),
        "mine".into(),
    ] {
        fs::write(folder.path(MANIFEST), format!("{text}{line}\n")).unwrap();
        let refused = folder.render(&[]);
        assert!(refused.code == 3 && refused.err.contains(MANIFEST), "{line}: {refused:?}");
        assert_eq!(folder.render(&["--force"]).code, 0);
        assert!(outside.path().exists() && folder.read(MANIFEST) == text, "{line}");
    }
}

/// While files are written, the manifest has their digests before and after.
#[test]
fn an_interrupted_run_is_taken_up() {
    let next: &[&str] = &["--api", "traffic-extension"];
    for then in [next, &["--attach", "mesh"], &[]] {
        let folder = Folder::rendered();
        let (manifest, base) = (folder.read(MANIFEST), folder.read("base/movie.yaml"));
        assert_eq!(folder.render(next).code, 0);
        // One file was written, the other one not yet.
        assert_ne!(folder.read("base/movie.yaml"), base);
        fs::write(folder.path("base/movie.yaml"), &base).unwrap();
        folder.append(MANIFEST, &manifest);
        assert_eq!((folder.render(then).code, folder.render(&[then, &["--check"]].concat()).code), (0, 0), "{then:?}");
    }
}

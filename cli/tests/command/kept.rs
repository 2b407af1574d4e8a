//! A command that writes a file of secrets loses nothing that it was not asked to change: other secrets in the file, the
//! change of another command at the same time, a link, or the secrets themselves to version control.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use stepgate_config::gate::KeyUse;
use stepgate_decision::Gate;

use super::run::{Ran, examples, long, stepgate};
use super::secrets::objects;

/// A folder with a file of Secrets.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// An example in its long form with texts replaced.
    fn document(&self, name: &str, example: &str, changes: &[(&str, &str)]) -> String {
        let text = changes.iter().fold(long(example), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        stepgate(&[&["secrets", "--out", &self.path("s")], arguments].concat())
    }

    /// Runs it with success.
    fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path("s")).unwrap()
    }

    /// The Secrets, by namespace and name.
    fn secrets(&self) -> BTreeMap<String, Value> {
        let name = |object: &Value| {
            let text = |key: &str| object["metadata"][key].as_str().unwrap().to_owned();
            format!("{}/{}", text("namespace"), text("name"))
        };
        objects(&self.text()).into_iter().map(|object| (name(&object), object)).collect()
    }

    /// The Secrets of one namespace.
    fn of(&self, namespace: &str) -> BTreeMap<String, Value> {
        self.secrets().into_iter().filter(|(name, _)| name.starts_with(&format!("{namespace}/"))).collect()
    }
}

/// The movie, with the actor of the colour under another name.
const RENAMED: [(&str, &str); 4] = [
    ("revision: 1", "revision: 2"),
    ("  color: {spiffe", "  grading: {spiffe"),
    ("{actor: color,", "{actor: grading,"),
    ("color.movie.svc", "grading.movie.svc"),
];

#[test]
fn secrets_of_other_documents_stay() {
    for (first, second) in [("HS256", "HS256"), ("HS256", "ES256"), ("EdDSA", "HS256"), ("ES256", "EdDSA")] {
        let place = Place::new();
        place.done(&["movie.yaml", "--alg", first]);
        let movie = place.of("movie");
        let ran = place.done(&["checkout.yaml", "--add", "--alg", second, "--json"]);
        let summary = ran.json();
        assert_eq!((place.of("movie"), place.of("shop").len()), (movie.clone(), 4), "{first} {second}");
        // The summary is of the whole file.
        let workloads = summary["workloads"].as_array().unwrap();
        assert!(workloads.contains(&"movie/hdr".into()) && workloads.contains(&"shop/shop".into()), "{summary}");
        assert!(ran.err.contains("7 Secrets"), "{ran:?}");
        // Each workflow keeps its kind of keys without --alg.
        let before = place.text();
        place.done(&["checkout.yaml", "--add"]);
        place.done(&["movie.yaml", "--add"]);
        assert_eq!(place.text(), before);
        // --force, too, is for these documents only.
        place.done(&["checkout.yaml", "--force"]);
        assert_eq!(place.of("movie"), movie);
        assert_ne!(place.text(), before);
    }
}

#[test]
fn a_rotation_of_some_documents_leaves_the_others() {
    for alg in ["HS256", "ES256"] {
        let place = Place::new();
        place.done(&["movie.yaml", "checkout.yaml", "--alg", alg]);
        let shop = place.of("shop");
        for step in ["preload", "switch", "retire"] {
            place.done(&["movie.yaml", "--rotate", step]);
            assert_eq!(place.of("shop"), shop, "{alg} {step}");
        }
        let movie = place.of("movie");
        assert!(movie["movie/stepgate-hdr"]["stringData"].get("STEPGATE_INTERLOCK_2").is_some());
        for step in ["preload", "switch"] {
            place.done(&["checkout.yaml", "--rotate", step]);
            assert_eq!(place.of("movie"), movie, "{alg} {step}");
        }
        // A workload that is at another step is named.
        let before = place.text();
        let ran = place.run(&["movie.yaml", "checkout.yaml", "--rotate", "retire"]);
        assert!(ran.code == 2 && ran.err.contains("of `movie/color`") && place.text() == before, "{ran:?}");
    }
}

/// Two workflows of the same workloads: the keys of one are rotated, and its interlocks with them.
#[test]
fn a_rotation_leaves_the_keys_of_another_workflow_of_the_same_workloads() {
    let place = Place::new();
    let guards = place.document("guards.yaml", "movie-guards.yaml", &[]);
    let both = ["movie.yaml", guards.as_str()];
    place.done(&both);
    for step in ["preload", "switch", "retire"] {
        place.done(&["movie.yaml", "--rotate", step]);
        let ran = stepgate(&[&["render", "istio", "--secrets", &place.path("s")][..], &both].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let data = &place.secrets()["movie/stepgate-hdr"]["stringData"];
    let names: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(names, ["STEPGATE_INTERLOCK_2", "STEPGATE_KEY_MOVIE_GUARDS_K1", "STEPGATE_KEY_MOVIE_K2"]);
}

/// Workloads of one plugin set one interlock, so it is not rendered while they are at different steps.
#[test]
fn a_shared_plugin_has_one_generation() {
    let place = Place::new();
    let other =
        place.document("other.yaml", "movie-guards.yaml", &[("/sa/", "/sa/other-"), ("/guarded-shots/", "/other/")]);
    place.done(&["movie.yaml", &other]);
    let render = |flags: &[&str]| {
        stepgate(&[&["render", "istio", "movie.yaml", &other, "--secrets", &place.path("s")], flags].concat())
    };
    place.done(&["movie.yaml", "--rotate", "preload"]);
    let ran = render(&[]);
    assert!(ran.code == 2 && ran.err.contains("share a plugin") && ran.err.contains("movie/other-color"), "{ran:?}");
    assert_eq!(render(&["--attach", "workload"]).code, 0);
    place.done(&[&other, "--rotate", "preload"]);
    assert_eq!(render(&[]).code, 0);
    // A new workload begins in the generations of its neighbours.
    let third = place.document(
        "third.yaml",
        "movie-guards.yaml",
        &[("/sa/", "/sa/third-"), ("workflow: movie-guards", "workflow: third")],
    );
    place.done(&[&third, "--add"]);
    let data = &place.secrets()["movie/stepgate-third-hdr"]["stringData"];
    assert!(data.get("STEPGATE_INTERLOCK_1").is_some() && data.get("STEPGATE_INTERLOCK_2").is_some(), "{data}");
}

/// The gates of the old revision sign with the key of the old name until that revision is gone.
#[test]
fn a_renamed_actor_keeps_its_key() {
    for flags in [&["--add"][..], &["--rotate", "preload"]] {
        let place = Place::new();
        place.done(&["movie.yaml", "--alg", "ES256"]);
        let key = |place: &Place| {
            place.secrets()["movie/stepgate-color"]["stringData"]["STEPGATE_KEY_MOVIE__COLOR_K1"].clone()
        };
        let before = key(&place);
        let renamed = place.document("renamed.yaml", "movie.yaml", &RENAMED);
        place.done(&[&[renamed.as_str()], flags].concat());
        assert!(before.is_string() && key(&place) == before);
        // With both revisions the gate signs under either name.
        let rendered = |documents: &[&str]| {
            let ran = stepgate(&[&["render", "istio", "--secrets", &place.path("s")], documents].concat());
            assert_eq!(ran.code, 0, "{ran:?}");
            let is_it =
                |object: &Value| object["kind"] == "WasmPlugin" && object["metadata"]["name"] == "stepgate-color";
            let plugin = objects(&ran.out).into_iter().find(is_it).unwrap();
            let text = plugin["spec"]["pluginConfig"].to_string();
            let config = stepgate_config::read_gate(text.as_bytes()).checked.unwrap();
            let data = place.secrets()["movie/stepgate-color"]["stringData"].clone();
            let environment = |name: &str| data[name].as_str().map(str::to_owned);
            let (_, missing) = Gate::new(config.clone(), &environment).unwrap();
            assert!(missing.is_empty(), "{missing:?}");
            let signs = config.keys.iter().filter(|key| key.key_use == KeyUse::Sign);
            signs.map(|key| key.kid.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(rendered(&["movie.yaml", &renamed]), ["movie.color.k1", "movie.grading.k1"]);
        assert_eq!(rendered(&[&renamed]), ["movie.grading.k1"]);
        // With the old revision gone, the key is removed by name.
        let listed = place.run(&[&renamed, "--remove"]);
        assert!(listed.code == 1 && listed.out.starts_with("movie/stepgate-color: movie.color.k1\n"), "{listed:?}");
        assert_eq!(key(&place), before);
        place.done(&[&renamed, "--remove", "--yes"]);
        assert!(key(&place).is_null());
        assert_eq!(rendered(&[&renamed]), ["movie.grading.k1"]);
    }
}

#[test]
fn removing_is_a_word_of_its_own_and_is_shown_first() {
    let place = Place::new();
    place.done(&["movie.yaml", "checkout.yaml"]);
    let (before, movie) = (place.text(), place.of("movie"));
    let listed = place.run(&["movie.yaml", "--remove"]);
    assert_eq!((listed.code, place.text()), (1, before.clone()), "{listed:?}");
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 5, "{listed:?}");
    assert_eq!(lines[0], "shop/stepgate-inventory: all of it, with checkout.k1");
    assert!(lines[4].ends_with("/s: nothing is removed without --yes"), "{listed:?}");
    // Nothing of a namespace that was not given, and never all.
    assert_eq!(place.run(&["movie.yaml", "--remove", "--namespace", "movie"]).code, 0);
    let ran = place.run(&["loan.yaml", "--remove", "--yes"]);
    assert!(ran.code == 3 && ran.err.contains("nothing would be left"), "{ran:?}");
    for wrong in [&["--yes"][..], &["--remove", "--add"], &["--remove", "--force"], &["--remove", "--rotate", "retire"]]
    {
        assert_eq!(place.run(&[&["movie.yaml"], wrong].concat()).code, 2, "{wrong:?}");
    }
    assert_eq!(place.text(), before);
    let json = place.run(&["movie.yaml", "--remove", "--json"]).json();
    assert!(json["removed"] == false && json["secrets"].as_array().unwrap().len() == 4, "{json}");
    place.done(&["movie.yaml", "--remove", "--yes"]);
    assert_eq!(place.secrets(), movie);
    let again = place.done(&["movie.yaml", "--remove", "--yes"]);
    assert!(again.out.contains("mention everything"), "{again:?}");
    assert_eq!(place.run(&["movie.yaml", "--remove", "--out", &place.path("none")]).code, 2, "--out twice");
}

/// A workload that left its workflow would refuse the next keys of the others.
#[test]
fn a_rotation_names_a_workload_that_it_would_leave_behind() {
    let place = Place::new();
    place.done(&["movie.yaml"]);
    let smaller = place.document("smaller.yaml", "movie.yaml", &[("[ns/movie/sa/hdr]", "[vm/hdr]")]);
    let before = place.text();
    let ran = place.run(&[&smaller, "--rotate", "preload"]);
    assert!(ran.code == 2 && ran.err.contains("`movie/hdr`") && ran.err.contains("--remove"), "{ran:?}");
    assert_eq!(place.text(), before);
    place.done(&[&smaller, "--remove", "--yes"]);
    place.done(&[&smaller, "--rotate", "preload"]);
}

/// 30 pairs of commands that change one file at the same time.
#[test]
fn no_change_is_lost_to_another_command() {
    let place = Place::new();
    for number in 0..30 {
        let file = place.path(&format!("{number}/s"));
        let run = |arguments: &[&str]| {
            let ran = stepgate(&[&["secrets", "--out", &file], arguments].concat());
            assert_eq!(ran.code, 0, "{ran:?}");
        };
        run(&["movie.yaml"]);
        let one: &[&str] =
            if number % 2 == 0 { &["loan.yaml", "--add"] } else { &["movie.yaml", "--rotate", "preload"] };
        std::thread::scope(|scope| {
            let both = [scope.spawn(|| run(one)), scope.spawn(|| run(&["checkout.yaml", "--add"]))];
            // A reader in between never sees half a file.
            while both.iter().any(|command| !command.is_finished()) {
                stepgate_render::Secrets::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
            }
        });
        let text = std::fs::read_to_string(&file).unwrap();
        let other = if number % 2 == 0 { "loan.k1" } else { "movie.k2" };
        for kid in ["movie.k1", "checkout.k1", other] {
            assert!(text.contains(&format!("\"kid\":\"{kid}\"")), "{number}: {kid} was lost");
        }
    }
}

/// Keys of several actors, generated at the same time into one folder.
#[test]
fn every_key_is_ignored_though_all_are_generated_at_once() {
    let place = Place::new();
    let actors: Vec<String> = (0..12).map(|number| format!("actor-{number}")).collect();
    std::thread::scope(|scope| {
        for actor in &actors {
            let out = place.path("keys");
            scope.spawn(move || {
                let ran = stepgate(&["keygen", "--workflow", "movie", "--actor", actor, "--out", &out]);
                assert_eq!(ran.code, 0, "{ran:?}");
            });
        }
    });
    let ignored = std::fs::read_to_string(place.path("keys/.gitignore")).unwrap();
    for actor in &actors {
        assert!(ignored.lines().any(|line| line == format!("/stepgate.movie.{actor}.private.jwk.json")), "{ignored}");
    }
}

#[test]
fn a_link_is_followed_and_the_file_is_private() {
    let place = Place::new();
    for (command, next) in
        [(&["secrets", "movie.yaml"][..], &["--rotate", "preload"][..]), (&["at-rest"], &["--rotate", "preload"])]
    {
        let target = place.path(&format!("{}/target", command[0]));
        let link = place.path(&format!("{}.link", command[0]));
        let run = |rest: &[&str]| stepgate(&[command, &["--out", &link], rest].concat());
        symlink(&target, &link).unwrap();
        // A link that leads nowhere is not replaced by a file.
        let ran = run(&[]);
        assert!(ran.code == 3 && ran.err.contains("leads nowhere"), "{ran:?}");
        // An empty file is none.
        std::fs::create_dir(PathBuf::from(&target).parent().unwrap()).unwrap();
        std::fs::write(&target, "").unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(run(&[]).code, 0);
        assert_eq!(run(next).code, 0);
        assert!(PathBuf::from(&link).symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        // The link's target is ignored, where it is.
        assert!(
            std::fs::read_to_string(format!("{}/{}/.gitignore", place.path(""), command[0]))
                .unwrap()
                .contains("/target")
        );
        // A file that an interrupted run left is in nobody's way.
        std::fs::write(place.path(&format!("{}/.stepgate-left", command[0])), "").unwrap();
        assert_eq!(run(&["--rotate", "switch"]).code, 0);
        // Neither a folder nor the standard output is a file.
        for out in ["-", &place.path(command[0])] {
            let ran = stepgate(&[command, &["--out", out]].concat());
            assert!(ran.code == 3 && ran.out.is_empty() && !examples().join("-").exists(), "{ran:?}");
        }
        // A file of somebody else is not replaced, not even with --force.
        std::fs::write(&target, "mine").unwrap();
        for flags in [&[][..], &["--force"], &["--rotate", "preload"]] {
            let ran = run(flags);
            assert!(ran.code == 3 && std::fs::read_to_string(&target).unwrap() == "mine", "{ran:?}");
        }
    }
}

/// What git would add after these commands.
#[test]
fn git_adds_no_secret() {
    let place = Place::new();
    let git = |arguments: &[&str]| {
        let ran = Command::new("git").arg("-C").arg(place.0.path()).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    std::fs::write(place.path(".gitignore"), "*.log\n# the end").unwrap();
    std::fs::write(place.path("old.log"), "").unwrap();
    let names = ["s", "a b *[x]?.yaml", "#x", "!x", "\\x ", "ünd"];
    for name in names {
        let ran = stepgate(&["secrets", "movie.yaml", "--out", &place.path(name)]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    for arguments in [
        &["keygen", "--workflow", "movie", "--out", &place.path("keys")][..],
        &["keygen", "--workflow", "movie", "--actor", "owner", "--alg", "ES256", "--out", &place.path("")],
        &["at-rest", "--out", &place.path("control/at-rest.yaml")],
        // The two orders of `secrets` and `render`.
        &["secrets", "movie.yaml", "--out", &place.path("one/secrets/secrets.yaml")],
        &["render", "istio", "movie.yaml", "--out", &place.path("one")],
        &["render", "istio", "movie.yaml", "--out", &place.path("two")],
        &["at-rest", "--out", &place.path("two/secrets/any.yaml")],
        &["secrets", "movie.yaml", "--out", &place.path("two/secrets/secrets.yaml")],
        &["render", "istio", "movie.yaml", "--out", &place.path("two")],
        &["render", "istio", "movie.yaml", "--out", &place.path("two"), "--check"],
    ] {
        let ran = stepgate(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
    // A file that an interrupted run left may have secrets.
    std::fs::write(place.path("keys/.stepgate-left"), "").unwrap();
    git(&["add", "--all"]);
    let added = git(&["ls-files", "-z"]);
    let added: Vec<&str> = added.split_terminator('\0').collect();
    assert!(added.contains(&"two/secrets/.gitignore") && added.contains(&"one/base/movie.yaml"), "{added:?}");
    for name in &added {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        assert!(!text.contains("stringData:") && !text.contains("\"k\"") && !text.contains("secretbox"), "{name}");
        assert!(!name.contains(".stepgate-") && !name.contains("private"), "{name}");
    }
    assert!(std::fs::read_to_string(place.path(".gitignore")).unwrap().starts_with("*.log\n# the end\n/"));
}

/// Workflows whose names differ in a separator have routes of their own, by names that Kubernetes accepts.
#[test]
fn routes_of_two_workflows_do_not_meet() {
    let place = Place::new();
    let names = ["a-b", "a.b", "a_b", "kn-", ".kn"];
    let documents = names.map(|name| {
        let workflow = format!("workflow: {name}");
        place.document(
            &format!("{name}.yaml"),
            "checkout.yaml",
            &[
                ("workflow: checkout", &workflow),
                ("Inventory/Reserve", &format!("Inventory/{name}")),
                (
                    "{spiffe: [ns/shop/sa/inventory]",
                    "{hosts: [inventory.shop.svc.cluster.local], spiffe: [ns/shop/sa/inventory]",
                ),
            ],
        )
    });
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let ran = stepgate(&[&["render", "istio", "--json", "--entry", "shop=shop.example"], &documents[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let gateways = objects(ran.json()["entry/entry.yaml"].as_str().unwrap());
    let routes = gateways.iter().filter(|object| object["kind"] == "VirtualService");
    let found: std::collections::BTreeSet<&str> =
        routes.map(|service| service["metadata"]["name"].as_str().unwrap()).collect();
    assert!(found.len() == names.len() && found.contains("stepgate-a-b--shop"), "{found:?}");
    assert!(found.iter().all(|name| !name.ends_with('-') && !name.contains(['_', '.'])), "{found:?}");
}

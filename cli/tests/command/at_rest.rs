//! `stepgate at-rest` and `stepgate render volumes`.

use std::os::unix::fs::PermissionsExt;

use super::run::{Ran, stepgate};
use super::secrets::objects;

#[test]
fn the_configuration_is_private_and_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/at-rest.yaml");
    let run = |arguments: &[&str]| -> (Ran, String) {
        let ran = stepgate(&[&["at-rest", "--out", file.to_str().unwrap()], arguments].concat());
        (ran, std::fs::read_to_string(&file).unwrap_or_default())
    };
    let (none, _) = run(&["--rotate", "preload"]);
    assert!(none.code == 3 && none.err.contains("no such file"), "{none:?}");
    let (first, generated) = run(&[]);
    assert!(first.code == 0 && first.out.ends_with("at-rest.yaml: k1 (writes)\n"), "{first:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let configuration = &objects(&generated)[0];
    assert_eq!(configuration["kind"], "EncryptionConfiguration");
    let of = &configuration["resources"][0];
    assert_eq!(of["resources"], serde_json::json!(["secrets", "authorizationpolicies.security.istio.io"]));
    // `identity` is last: the API server writes with the first provider.
    assert_eq!(of["providers"].as_array().unwrap().len(), 2);
    assert_eq!(of["providers"][1], serde_json::json!({"identity": {}}));

    let (again, after) = run(&[]);
    assert!(again.code == 0 && again.err.contains("--rotate") && after == generated, "{again:?}");
    let (early, after) = run(&["--rotate", "retire"]);
    assert!(early.code == 2 && early.err.contains("--rotate preload") && after == generated, "{early:?}");
    let (both, after) = run(&["--rotate", "preload", "--json"]);
    assert_eq!(both.json()["keys"], serde_json::json!(["k1 (writes)", "k2 (reads)"]));
    let secret = objects(&after)[0]["resources"][0]["providers"][0]["secretbox"]["keys"][1]["secret"].clone();
    assert!(!both.out.contains(secret.as_str().unwrap()), "{both:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    std::fs::write(&file, after.replace("- secrets", "- pods")).unwrap();
    let (foreign, _) = run(&["--rotate", "switch"]);
    assert!(foreign.code == 3 && !foreign.err.contains(secret.as_str().unwrap()), "{foreign:?}");
    let (foreign, text) = run(&["--force"]);
    assert!(foreign.code == 3 && text.contains("- pods"), "{foreign:?}");
    std::fs::write(&file, &after).unwrap();
    let (anew, text) = run(&["--force"]);
    assert!(anew.code == 0 && text != after, "{anew:?}");
}

/// Two of the same step at once: one is taken, the other is not the next step any more.
#[test]
fn one_of_two_steps_at_once_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("at-rest.yaml");
    let run = |rest: &[&str]| stepgate(&[&["at-rest", "--out", file.to_str().unwrap()], rest].concat());
    assert_eq!(run(&[]).code, 0);
    for step in ["preload", "switch", "retire", "preload", "switch", "retire"] {
        let mut codes = std::thread::scope(|scope| {
            let both = [(); 2].map(|()| scope.spawn(|| run(&["--rotate", step]).code));
            both.map(|one| one.join().unwrap())
        });
        codes.sort_unstable();
        assert_eq!(codes, [0, 2], "{step}");
    }
}

const FLAGS: [&str; 4] = ["--provisioner", "ebs.csi.aws.com", "--parameter", "encrypted=true"];

fn volumes(arguments: &[&str]) -> Ran {
    stepgate(&[&["render", "volumes", "movie.yaml"], arguments].concat())
}

#[test]
fn each_actor_has_a_claim_of_the_encrypted_class() {
    let ran = volumes(&FLAGS);
    assert_eq!(ran.code, 0, "{ran:?}");
    let all = objects(&ran.out);
    assert_eq!((all.len(), &all[0]["kind"]), (8, &"StorageClass".into()));
    assert_eq!(all[0]["parameters"], serde_json::json!({"encrypted": "true"}));
    for claim in &all[1..] {
        assert_eq!(claim["spec"]["storageClassName"], all[0]["metadata"]["name"]);
        assert_eq!(
            (&claim["metadata"]["namespace"], &claim["spec"]["accessModes"][0]),
            (&"movie".into(), &"ReadWriteOnce".into())
        );
    }
    let some = volumes(&[&FLAGS[..], &["--actor", "hdr", "--size", "500Mi", "--class", "vault"]].concat());
    let some = objects(&some.out);
    assert_eq!((some.len(), &some[1]["metadata"]["name"]), (2, &"stepgate-hdr".into()));
    assert_eq!(some[1]["spec"]["resources"]["requests"]["storage"], "500Mi");
    assert_eq!(
        (&some[0]["metadata"]["name"], &some[1]["spec"]["storageClassName"]),
        (&"vault".into(), &"vault".into())
    );
}

#[test]
fn a_class_without_a_parameter_is_not_written() {
    for wrong in [
        &["--provisioner", "ebs.csi.aws.com"][..],
        &FLAGS[2..],
        &[&FLAGS[..], &["--parameter", "encrypted"]].concat(),
        &[&FLAGS[..], &["--size", "ten"]].concat(),
        &[&FLAGS[..], &["--size", "0Gi"]].concat(),
        &[&FLAGS[..], &["--class", "Vault"]].concat(),
        &[&FLAGS[..], &["--class", "a..b"]].concat(),
        &[&FLAGS[..], &["--parameter", "encrypted=false"]].concat(),
        &[&FLAGS[..], &["--actor", "nobody"]].concat(),
    ] {
        let ran = volumes(wrong);
        assert!(ran.code == 2 && ran.out.is_empty(), "{wrong:?}: {ran:?}");
    }
}

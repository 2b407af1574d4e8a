//! Help, versions, completions, schemas, and wrong usage.

use super::run::stepgate;

#[test]
fn every_help_text_explains_the_exit_codes() {
    for command in [
        &["--help"][..],
        &["check", "--help"],
        &["explain", "--help"],
        &["fmt", "--help"],
        #[cfg(feature = "lab")]
        &["lab", "--help"],
        #[cfg(feature = "doctor")]
        &["doctor", "--help"],
        &["keygen", "--help"],
        &["secrets", "--help"],
        &["at-rest", "--help"],
        &["render", "istio", "--help"],
        &["render", "volumes", "--help"],
        &["token", "mint", "--help"],
        &["token", "inspect", "--help"],
        &["token", "verify", "--help"],
        &["schema", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
        &["version", "--help"],
        &["help"],
        &["help", "check"],
        &["help", "token", "verify"],
    ] {
        let ran = stepgate(command);
        assert_eq!(ran.code, 0, "{command:?}");
        assert!(ran.out.contains("Exit codes:"), "{command:?}: {}", ran.out);
    }
    for version in ["--version", "-V", "version"] {
        let ran = stepgate(&[version]);
        assert_eq!((ran.code, ran.out), (0, format!("stepgate {}\n", env!("CARGO_PKG_VERSION"))), "{version}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("share/man1");
    assert_eq!(stepgate(&["man", "--out", pages.to_str().unwrap()]).code, 0);
    for page in ["stepgate", "stepgate-check", "stepgate-render-istio", "stepgate-token-verify", "stepgate-at-rest"] {
        let text = std::fs::read_to_string(pages.join(page).with_extension("1")).unwrap();
        assert!(text.contains(".SH SYNOPSIS") && text.contains("Exit codes:"), "{page}: {text}");
    }
    let check = std::fs::read_to_string(pages.join("stepgate-check.1")).unwrap();
    assert!(check.contains("deny\\-warnings"), "{check}");
    let ran = stepgate(&["man", "--out", "/dev/null/man"]);
    assert!(ran.code == 3 && ran.err.contains("cannot write the manual pages"), "{ran:?}");
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &[][..],
        &["no-such"],
        &["help", "no-such"],
        &["man"],
        &["check"],
        &["explain", "movie.yaml"],
        &["completions", "tcsh"],
        &["token"],
    ] {
        assert_eq!(stepgate(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn completions_and_schemas_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = stepgate(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(["explain", "keygen", "at-rest", "volumes"].iter().all(|word| ran.out.contains(word)), "{shell}");
    }
    for language in ["workflow", "gate"] {
        let schema = stepgate(&["schema", language]).json();
        assert!(schema.get("$schema").is_some(), "{language}");
    }
}

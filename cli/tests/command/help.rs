//! Help, versions, completions, schemas, and wrong usage.

use super::run::stepgate;

#[test]
fn every_help_text_explains_the_exit_codes() {
    for command in [
        &["--help"][..],
        &["check", "--help"],
        &["explain", "--help"],
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
    ] {
        let ran = stepgate(command);
        assert_eq!(ran.code, 0, "{command:?}");
        assert!(ran.out.contains("Exit codes:"), "{command:?}: {}", ran.out);
    }
    assert!(stepgate(&["--version"]).out.starts_with("stepgate 0."));
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in
        [&[][..], &["no-such"], &["check"], &["explain", "movie.yaml"], &["completions", "tcsh"], &["token"]]
    {
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

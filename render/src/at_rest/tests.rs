//! A rotation from file to file, and files of another content.

use super::*;

#[test]
fn a_rotation_keeps_every_key_that_may_have_been_used() {
    let mut keys = AtRest::generate().unwrap();
    let mut summaries = vec![keys.summary().join(", ")];
    for step in [RotationStep::Preload, RotationStep::Switch, RotationStep::Retire] {
        let others = [RotationStep::Preload, RotationStep::Switch, RotationStep::Retire]
            .into_iter()
            .filter(|other| *other != step);
        for other in others {
            let error = keys.rotate(other).unwrap_err();
            assert!(error.help().unwrap().contains(step.name()));
        }
        keys.rotate(step).unwrap();
        // The text is read again, to the last byte.
        let text = keys.text().unwrap();
        keys = AtRest::read(&text).unwrap();
        assert_eq!(keys.text().unwrap(), text);
        summaries.push(keys.summary().join(", "));
    }
    assert_eq!(summaries, ["k1 (writes)", "k1 (writes), k2 (reads)", "k2 (writes), k1 (reads)", "k2 (writes)"]);
}

#[test]
fn other_content_of_the_file_is_refused_and_not_shown() {
    let text = AtRest(vec![(1, [7; KEY])]).text().unwrap();
    AtRest::read(&text).unwrap();
    for (from, to) in [
        ("      - identity: {}\n", ""),
        ("  - secrets\n", "  - secrets\n      - configmaps\n"),
        ("name: k1", "name: first"),
        ("name: k1", "name: k01"),
        ("BwcHBwcHBwc", "Bwc"),
        ("secretbox", "aesgcm"),
        ("kind: ", "# "),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from}");
        let error = AtRest::read(&broken).unwrap_err();
        assert!(!error.to_string().contains("Bwc"), "{from}: {error}");
    }
}

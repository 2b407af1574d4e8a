use super::*;

fn pattern(text: &str) -> PathPattern {
    PathPattern::try_from(text).unwrap()
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap().split('/')
}

fn matches(pattern_text: &str, path: &str) -> bool {
    pattern(pattern_text).matches(segments(path))
}

#[test]
fn segments_match_one_for_one() {
    for (wanted, path, expected) in [
        ("/shots/{id}", "/shots/7", true),
        ("/shots/{id}", "/shots/", false),
        ("/shots/{id}", "/shots/7/8", false),
        ("/shots", "/shots/", false),
        ("/shots/", "/shots/", true),
        ("/shots/", "/shots", false),
        ("/shots/{id}/", "/shots/7/", true),
        ("/shots/{id}/", "/shots/7", false),
        ("/", "/", true),
        ("/", "/a", false),
        ("/a/**", "/a/b/c", true),
        ("/a/**", "/a/b/", true),
        ("/a/**", "/a", false),
        ("/a/**", "/a/", false),
        ("/**", "/x", true),
        ("/jobs/{id}:cancel", "/jobs/7:cancel", true),
        ("/jobs/{id}:cancel", "/jobs/7:cancel/", false),
        ("/café/{x}.pdf", "/café/a.pdf", true),
        // The same letter as two characters.
        ("/café", "/cafe\u{301}", false),
    ] {
        assert_eq!(matches(wanted, path), expected, "{wanted} {path}");
    }
}

#[test]
fn a_loose_application_ignores_the_slash_at_the_end_and_finds_variables_elsewhere() {
    for (wanted, path, expected) in [
        ("/shots", "/shots/", true),
        ("/shots/", "/shots", true),
        ("/shots/{id}", "/shots/", false),
        ("/a/**", "/a/", false),
        ("/", "/", true),
        ("/jobs/{id}:cancel", "/jobs/:cancel/", true),
        ("/jobs/{id}:cancel", "/jobs/7:cancel:cancel", true),
        ("/jobs/{id}:cancel", "/jobs/7:stop", false),
    ] {
        assert_eq!(pattern(wanted).may_match(segments(path)), expected, "{wanted} {path}");
    }
}

#[test]
fn what_two_patterns_have_in_common_is_seen_both_ways() {
    for (a, b, expected) in [
        ("/a/{x}", "/a/b", Some("/a/b")),
        ("/a/{x}", "/b/{x}", None),
        ("/a/**", "/a/b/c", Some("/a/b/c")),
        ("/a/**", "/a", None),
        ("/a/**", "/a/", None),
        ("/a/**", "/a/b/", Some("/a/b/")),
        ("/a/{x}", "/a/**", Some("/a/x")),
        ("/**", "/a/b", Some("/a/b")),
        ("/**", "/", None),
        ("/{x}", "/", None),
        ("/", "/", Some("/")),
        ("/a/b/**", "/a/**", Some("/a/b/x")),
        ("/a/**", "/{x}/**", Some("/a/x")),
        ("/files/{n}/raw", "/files/public/{op}", Some("/files/public/raw")),
        ("/jobs/{id}:cancel", "/jobs/{id}", Some("/jobs/x:cancel")),
        ("/jobs/{id}:cancel", "/jobs/{id}:start", None),
        ("/{name}.pdf", "/report-{n}", Some("/report-x.pdf")),
    ] {
        assert_eq!(pattern(a).common(&pattern(b)).as_deref(), expected, "{a} {b}");
        assert_eq!(pattern(b).common(&pattern(a)).as_deref(), expected, "{b} {a}");
    }
}

#[test]
fn a_slash_at_the_end_does_not_keep_patterns_from_crossing() {
    assert_eq!(pattern("/{a}/y").common(&pattern("/x/{b}/")).as_deref(), Some("/x/y"));
    assert!(pattern("/x").contains(&pattern("/x/")) && pattern("/x/").contains(&pattern("/x")));
    assert!(pattern("/x").differs_in_slash(&pattern("/x/")) && !pattern("/x").differs_in_slash(&pattern("/x")));
    assert!(!pattern("/x/**").differs_in_slash(&pattern("/x/")) && !pattern("/x").differs_in_slash(&pattern("/y/")));
}

#[test]
fn the_more_specific_pattern_is_contained_in_the_other() {
    for (wide, narrow) in [
        ("/a/{x}", "/a/b"),
        ("/a/**", "/a/{x}"),
        ("/a/**", "/a/{x}/**"),
        ("/**", "/a"),
        ("/**", "/a/"),
        ("/**", "/**"),
        ("/{x}", "/{y}"),
        ("/{x}", "/{y}/"),
        ("/{x}/**", "/a/b/c"),
        ("/{x}", "/v{x}"),
        ("/v{x}", "/v1{x}"),
        ("/v{x}", "/v1"),
        ("/{x}:cancel", "/job-{x}:cancel"),
        ("/{x}:cancel", "/:cancel"),
    ] {
        assert!(pattern(wide).contains(&pattern(narrow)), "{wide} {narrow}");
        let same = wide == "/**" && narrow == wide || narrow.starts_with("/{y}");
        assert!(same || !pattern(narrow).contains(&pattern(wide)), "{narrow} {wide}");
    }
    for (one, other) in [
        ("/**", "/"),
        ("/a/{x}/c", "/a/b/{y}"),
        ("/a/**", "/a"),
        ("/a", "/a/**"),
        ("/{x}", "/"),
        ("/v{x}", "/{x}v"),
        ("/v{x}", "/w1"),
    ] {
        assert!(!pattern(one).contains(&pattern(other)), "{one} {other}");
    }
}

#[test]
fn an_example_is_percent_encoded() {
    for (text, expected) in
        [("/", "/"), ("/a/{x}/", "/a/7/"), ("/v7{x}/**", "/v7a/a/b"), ("/café/{x}:cancel", "/caf%C3%A9/7:cancel")]
    {
        assert_eq!(pattern(text).example(), expected, "{text}");
    }
}

#[test]
fn ambiguous_texts_are_not_patterns() {
    let long = format!("/{}{{x}}", "a".repeat(MAX_ROUND + 1));
    for text in [
        "a",
        "/a//b",
        "/a//",
        "//",
        "/a/./b",
        "/a/../b",
        "/%41",
        "/a;b",
        "/a\\b",
        "/{}",
        "/{x}{y}",
        "/{x",
        "/x}",
        "/}{x}",
        "/{x}}",
        "/*/a",
        "/**/a",
        "/**/",
        "/a**",
        "/a b",
        "/{x} b",
        "/\u{a0}",
        "/\u{200b}",
        "/\u{202e}a",
        "/\u{ff0f}",
        "/\u{85}",
        &long,
    ] {
        assert!(PathPattern::try_from(text).is_err(), "{text}");
    }
}

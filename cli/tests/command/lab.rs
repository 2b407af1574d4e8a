//! `stepgate lab`: its messages when it cannot start. Its findings are tested with real Envoys.

use super::run::{stepgate, with};

#[test]
fn a_lab_needs_its_filter() {
    let ran = stepgate(&["lab", "movie.yaml", "--module", "/nowhere/filter.wasm"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("make filter"), "{}", ran.err);
    assert_eq!(stepgate(&["lab", "no-such.yaml"]).code, 3);
}

#[test]
fn a_file_that_is_not_the_filter_is_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = b"\0asm\x01\0\0\0 proxy_abi_version_0_2_1".as_slice();
    for content in [b"".as_slice(), b"{}", b"proxy_abi_version_0_2_1 proxy_on_request_headers", foreign] {
        let file = dir.path().join("filter.wasm");
        std::fs::write(&file, content).unwrap();
        let ran = stepgate(&["lab", "movie.yaml", "--module", file.to_str().unwrap()]);
        assert_eq!(ran.code, 3, "{ran:?}");
        let wanted = format!("`{}` is not a Stepgate filter: run `make filter`", file.display());
        assert!(ran.err.contains(&wanted), "{ran:?}");
    }
}

#[test]
fn a_program_that_is_not_envoy_is_recognized_by_its_silence() {
    let dir = tempfile::tempdir().unwrap();
    let module = dir.path().join("filter.wasm");
    // Enough to pass for the filter: no Envoy will load it.
    std::fs::write(&module, b"\0asm proxy_abi_version_0_2_1 proxy_on_request_headers").unwrap();
    let lab = |envoy: &str| {
        let environment = [("ENVOY_PATH", envoy), ("TMPDIR", dir.path().to_str().unwrap())];
        with(&["lab", "movie.yaml", "--module", module.to_str().unwrap()], &environment, b"")
    };
    let silent = lab("/bin/true");
    assert_eq!(silent.code, 3, "{silent:?}");
    for part in ["`/bin/true` (from `ENVOY_PATH`)", "does not look like Envoy"] {
        assert!(silent.err.contains(part), "{part}: {silent:?}");
    }
    let failed = lab("/bin/false");
    assert!(
        failed.err.contains("`/bin/false` (from `ENVOY_PATH`)") && failed.err.contains("exit status: 1"),
        "{failed:?}"
    );
    // Its files are removed by now, so the message must not name them.
    assert!(!silent.err.contains("bootstrap") && !failed.err.contains("bootstrap"), "{silent:?} {failed:?}");
}

#[test]
fn headers_and_times_are_checked_before_anything_starts() {
    for (arguments, part) in [
        (["--header", "x-urgent"], "`name=value`"),
        (["--header", "=1"], "a header is written"),
        (["--header", ":path=/x"], "a header is written"),
        (["--header", "Host=elsewhere"], "the lab writes this header itself"),
        (["--header", "x_workflow-step=a.b.c"], "the lab writes this header itself"),
        (["--header", "x-a=\u{e9}"], "visible ASCII"),
        (["--header", "x-a=1\r\nx-b: 2"], "visible ASCII"),
        (["--time", "yesterday"], "RFC 3339"),
        (["--query", "page"], "a parameter is `NAME=VALUE`"),
        (["--query", "=1"], "a parameter has a name"),
        (["--query", "page=1&page=2"], "written as in a URL"),
        (["--query", "page=a b"], "written as in a URL"),
    ] {
        let ran = stepgate(&["lab", "movie.yaml", arguments[0], arguments[1]]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

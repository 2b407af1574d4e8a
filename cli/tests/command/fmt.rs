//! `stepgate fmt`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use super::run::{examples, stepgate, with};

const LONG: &str = "\
# Three tasks.
workflow: w
revision: 1
trust_domain: example.org
actors:
  a: {spiffe: [ns/shop/sa/a]}
  b: {spiffe: [ns/shop/sa/b]}
tasks:
  start: {actor: a, initial: true}
  one: {actor: b, requests: [{methods: [POST], path: /one}]} # first
  two: {actor: b, requests: [{methods: [GET, HEAD], path: \"/two/{id}\"}]}
transitions:
  - {from: start, to: one}
  - {from: one, to: two}
";

const SHORT: &str = "\
# Three tasks.
workflow: w
revision: 1
trust_domain: example.org
namespace: shop
actors: [a, b]
tasks:
  start: {actor: a, initial: true}
  one: {actor: b, requests: \"POST /one\"} # first
  two: {actor: b, requests: \"GET,HEAD /two/{id}\"}
transitions:
  - start -> one -> two
";

/// A folder with a file in the long form.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.yaml");
    fs::write(&file, LONG).unwrap();
    (folder, file)
}

#[test]
fn a_text_is_printed_in_either_form() {
    let short = with(&["fmt", "-"], &[], LONG.as_bytes());
    assert_eq!((short.code, short.out.as_str()), (0, SHORT), "{short:?}");
    let crlf = format!("\u{feff}{}", LONG.replace('\n', "\r\n"));
    assert_eq!(with(&["fmt", "-"], &[], crlf.as_bytes()).out, format!("\u{feff}{}", SHORT.replace('\n', "\r\n")));
    // A file without a line feed at its end gets none.
    assert_eq!(with(&["fmt", "-"], &[], LONG.trim_end().as_bytes()).out, SHORT.trim_end());
    let long = with(&["fmt", "--long", "-"], &[], SHORT.as_bytes());
    assert_eq!(long.out, LONG.replace("path: /one", "path: \"/one\""));
    let (_folder, file) = place();
    assert_eq!(stepgate(&["fmt", file.to_str().unwrap()]).out, SHORT);
    assert_eq!(fs::read_to_string(&file).unwrap(), LONG);
}

#[test]
fn a_file_is_changed_in_place_and_only_where_it_differs() {
    let (folder, file) = place();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.yaml");
    symlink("w.yaml", &link).unwrap();
    fs::write(folder.path().join("other.yaml"), "kind: ConfigMap\n").unwrap();
    let all = folder.path().to_str().unwrap();
    let check = stepgate(&["fmt", "--check", all]);
    assert_eq!(check.code, 1, "{check:?}");
    assert_eq!(check.out, format!("{}\n{}\n", link.display(), file.display()));
    assert_eq!(fs::read_to_string(&file).unwrap(), LONG);
    let write = stepgate(&["fmt", "--write", link.to_str().unwrap()]);
    assert_eq!((write.code, write.out), (0, format!("{}\n", link.display())));
    assert_eq!(fs::read_to_string(&file).unwrap(), SHORT);
    assert_eq!(fs::read_link(&link).unwrap(), PathBuf::from("w.yaml"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let inode = fs::metadata(&file).unwrap().ino();
    let again = stepgate(&["fmt", "--write", all]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
    assert_eq!(fs::metadata(&file).unwrap().ino(), inode);
    assert_eq!(stepgate(&["fmt", "--check", all]).code, 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "a temporary file is left");
}

#[test]
fn what_cannot_be_written_stays_as_it_is() {
    let (folder, file) = place();
    let path = file.to_str().unwrap();
    let second = folder.path().join("second.yaml");
    fs::hard_link(&file, &second).unwrap();
    let linked = stepgate(&["fmt", "--write", path]);
    assert!(linked.code == 3 && linked.err.contains("has 2 names"), "{linked:?}");
    fs::remove_file(&file).unwrap();
    fs::write(&file, LONG.replace("to: two", "to: tow")).unwrap();
    let all = stepgate(&["fmt", "--write", path, second.to_str().unwrap()]);
    assert!(all.code == 1 && all.err.contains("E014"), "{all:?}");
    assert_eq!(fs::read_to_string(&second).unwrap(), SHORT, "one file keeps the others from being written");
    assert_eq!(fs::read_to_string(&file).unwrap(), LONG.replace("to: two", "to: tow"));
    let none = with(&["fmt", "-"], &[], b"kind: ConfigMap\n");
    assert!(none.code == 1 && none.out.is_empty() && none.err.contains("has no document"), "{none:?}");
    assert_eq!(with(&["fmt", "-"], &[], b"\xff\xfe").code, 3);
    assert_eq!(stepgate(&["fmt", "no-such.yaml"]).code, 3);
    for arguments in [
        &["fmt"][..],
        &["fmt", "--write", "-"],
        &["fmt", "--write", "--check", path],
        &["fmt", "movie.yaml", "loan.yaml"],
    ] {
        assert_eq!(stepgate(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn the_examples_are_in_the_short_form() {
    let checked = stepgate(&["fmt", "--check", examples().to_str().unwrap()]);
    assert_eq!((checked.code, checked.out.as_str()), (0, ""), "{}", checked.err);
}

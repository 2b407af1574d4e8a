//! Tests of the checker itself, on small made-up trees.

use std::path::{Path, PathBuf};

use crate::circles::circles;
use crate::tree::{Sources, Tree};

/// The circles of a library whose root is `lib.rs`: the files of each, with commas between.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Sources = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    let names = |files: &[PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    circles(&Tree::read(&sources, Path::new("lib.rs"))).iter().map(|circle| names(&circle.files)).collect()
}

const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b;");

#[test]
fn files_that_import_each_other_are_a_circle() {
    let found = circles_of(&[
        ROOT,
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use super::a::A; pub struct B(Option<Box<A>>);"),
    ]);
    assert_eq!(found, ["a.rs, b.rs"]);
}

#[test]
fn a_chain_is_a_circle_only_when_it_closes() {
    let one_way = ("c.rs", "pub struct C;");
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
    ];
    assert!(circles_of(&[files[0], files[1], files[2], one_way]).is_empty());

    let back = ("c.rs", "pub struct C(Vec<crate::a::A>);");
    assert_eq!(circles_of(&[files[0], files[1], files[2], back]), ["a.rs, b.rs, c.rs"]);
}

#[test]
fn qualified_paths_count_in_types_expressions_patterns_and_macros() {
    let a = ("a.rs", "use crate::b::B; pub struct A(B); pub fn a() -> bool { true } pub enum E {}");
    for use_of_a in [
        "fn f(_: crate::a::A) {}",
        "fn f() { super::a::a(); }",
        "fn f(b: B) { let crate::a::A(_) = b; }",
        "fn f() { assert!(1 == 1 && crate::a::a()); }",
        "fn f() { assert!((0..crate::a::a() as u8).is_empty()); }",
        "fn f() { use crate::a::a; a(); }",
        "use crate::a::E::*;",
        "use crate::a::*; fn f(_: A) {}",
        "use crate::a; fn f() { a::a(); }",
        "use crate::a as other; fn f() { assert!(other::a()); }",
        "macro_rules! m { () => { $crate::a::a() }; }",
        "impl Default for crate::a::A {}",
    ] {
        let b = format!("pub struct B; {use_of_a}");
        assert_eq!(circles_of(&[ROOT, a, ("b.rs", &b)]), ["a.rs, b.rs"], "{use_of_a}");
    }
}

#[test]
fn a_reexport_is_followed_to_the_definition() {
    let root = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::*;");
    let found = circles_of(&[root, ("a.rs", "pub struct A(crate::B);"), ("b.rs", "pub struct B;")]);
    assert!(found.is_empty(), "{found:?}");

    let found = circles_of(&[root, ("a.rs", "pub struct A(crate::B);"), ("b.rs", "pub struct B(Box<crate::A>);")]);
    assert_eq!(found, ["a.rs, b.rs"]);
}

#[test]
fn a_parent_that_only_reexports_its_child_does_not_use_it() {
    let child = ("a/child.rs", "use super::Shared; pub struct Child(Shared);");
    let root = ("lib.rs", "mod a;");
    let found = circles_of(&[root, ("a/mod.rs", "mod child; pub use child::Child; pub struct Shared;"), child]);
    assert!(found.is_empty(), "{found:?}");

    for use_of_child in [
        "use child::Child; fn f(_: Child) {}",
        "pub use child::Child; fn f(_: Child) {}",
        "pub(crate) use self::child::Child; fn f() { g!(Child); }",
        "fn f(_: child::Child) {}",
    ] {
        let parent = format!("mod child; {use_of_child} pub struct Shared;");
        let found = circles_of(&[root, ("a/mod.rs", &parent), child]);
        assert_eq!(found, ["a/child.rs, a/mod.rs"], "{use_of_child}");
    }
}

#[test]
fn an_item_from_a_macro_is_defined_where_the_macro_is_called() {
    let found = circles_of(&[
        ROOT,
        ("a.rs", "names! { A } fn f(_: crate::b::B) {}"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ]);
    assert_eq!(found, ["a.rs, b.rs"]);
}

#[test]
fn tests_doc_links_visibility_and_other_crates_do_not_count() {
    let a = ("a.rs", "use crate::b::B; pub struct A(B);");
    for no_use in [
        "#[cfg(test)] mod checks { use crate::a::A; fn f(_: A) {} }",
        "mod tests { fn f(_: crate::a::A) {} }",
        "#[cfg(test)] use crate::a::A;",
        "#[cfg(all(test, unix))] fn f(_: crate::a::A) {}",
        "impl B { #[cfg(test)] fn f(_: crate::a::A) {} }",
        "/// Like [`crate::a::A`].\nfn f() {}",
        "pub(in crate::a) fn f() {}",
        "use ::a::A; fn f(_: ::a::A) {}",
        "fn f(a: B) { a.a(); assert!(a.A() == ::a::a()); }",
    ] {
        let b = format!("pub struct B; {no_use}");
        let found = circles_of(&[ROOT, a, ("b.rs", &b)]);
        assert!(found.is_empty(), "{no_use}: {found:?}");
    }

    let found = circles_of(&[
        ROOT,
        ("a.rs", "pub struct A; #[cfg(test)] mod tests;"),
        ("a/tests.rs", "use crate::b::B; fn f(_: B, _: super::A) {}"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

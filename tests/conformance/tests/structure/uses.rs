//! The paths that a file's code names, and the files that define them.

use std::path::PathBuf;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemUse, Macro, Visibility};

use crate::imports::imports;
use crate::items::is_test;
use crate::tree::{Found, ModuleId, Tree};

/// One file uses an item of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    /// The path as written.
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// All uses of another file's items in a target, without those in test code.
pub(crate) fn arrows(tree: &Tree) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (id, module) in tree.modules.iter().enumerate().filter(|(_, module)| !module.test) {
        let mut uses = Uses { tree, module: id, arrows: &mut arrows };
        for import in imports(&module.items).into_iter().filter(|import| !import.public) {
            uses.add(&import.path, import.line);
        }
        module.items.iter().for_each(|item| uses.visit_item(item));
    }
    arrows.sort();
    arrows.dedup_by(|one, other| (&one.from, &one.to, &one.path) == (&other.from, &other.to, &other.path));
    arrows
}

struct Uses<'a> {
    tree: &'a Tree,
    module: ModuleId,
    arrows: &'a mut Vec<Arrow>,
}

impl Uses<'_> {
    /// A module alone does not count; the items that are named in it do.
    fn add(&mut self, path: &[String], line: usize) {
        let from = &self.tree.modules[self.module].file;
        for found in self.tree.resolve(self.module, path) {
            if let Found::Item(to) = found
                && to != *from
            {
                self.arrows.push(Arrow { from: from.clone(), to, path: path.join("::"), line });
            }
        }
    }

    fn add_unless_imported(&mut self, path: &[String], line: usize) {
        if path.first().is_some_and(|first| !self.tree.is_imported(self.module, first)) {
            self.add(path, line);
        }
    }

    /// Adds the paths among the tokens of a macro.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [token, tail @ ..] = rest {
            rest = match (token, rest) {
                // A range, and not a field.
                (_, [one, two, tail @ ..]) if is(one, '.') && is(two, '.') => tail,
                // A field or a method, a lifetime, a variable of the macro.
                (_, [sign, TokenTree::Ident(name), tail @ ..])
                    if is(sign, '.') || is(sign, '\'') || is(sign, '$') && name != "crate" =>
                {
                    tail
                }
                // Another crate, or part of a path that this scan cannot read.
                (_, [one, two, TokenTree::Ident(_), tail @ ..]) if is(one, ':') && is(two, ':') => tail,
                (TokenTree::Ident(first), _) => {
                    let mut path = vec![first.to_string()];
                    let mut rest = tail;
                    while let [one, two, TokenTree::Ident(next), tail @ ..] = rest
                        && is(one, ':')
                        && is(two, ':')
                    {
                        path.push(next.to_string());
                        rest = tail;
                    }
                    self.add_unless_imported(&path, first.span().start().line);
                    rest
                }
                (TokenTree::Group(group), _) => {
                    self.scan(group.stream());
                    tail
                }
                _ => tail,
            };
        }
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

impl Visit<'_> for Uses<'_> {
    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.add_unless_imported(&names, path.segments[0].ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &Macro) {
        self.visit_path(&found.path);
        self.scan(found.tokens.clone());
    }

    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    // `imports` has them.
    fn visit_item_use(&mut self, _: &ItemUse) {}

    // The path in `pub(in crate::lab)` is not a use.
    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_attribute(&mut self, _: &Attribute) {}
}

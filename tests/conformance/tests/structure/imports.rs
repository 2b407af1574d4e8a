//! The names that `use` items bring in.

use syn::visit::Visit;
use syn::{Item, ItemUse, UseTree, Visibility};

/// One name that a `use` item brings in.
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// The name here; none for a glob.
    pub(crate) name: Option<String>,
    /// Whether other modules may see it here.
    pub(crate) public: bool,
    pub(crate) line: usize,
}

/// All imports of the items, those within functions too.
pub(crate) fn imports(items: &[Item]) -> Vec<Import> {
    let mut imports = Imports(Vec::new());
    items.iter().for_each(|item| imports.visit_item(item));
    imports.0
}

struct Imports(Vec<Import>);

impl Visit<'_> for Imports {
    fn visit_item_use(&mut self, item: &ItemUse) {
        if item.leading_colon.is_none() {
            let public = !matches!(item.vis, Visibility::Inherited);
            self.flatten(&item.tree, &mut Vec::new(), public);
        }
    }
}

impl Imports {
    fn flatten(&mut self, tree: &UseTree, before: &mut Vec<String>, public: bool) {
        let (end, name) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.flatten(&path.tree, before, public);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.flatten(tree, before, public));
                return;
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.0.push(Import { path: before.clone(), name: None, public, line });
                return;
            }
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.ident, &rename.rename),
        };
        let mut path = before.clone();
        if end != "self" {
            path.push(end.to_string());
        }
        let name = if name == "self" { before.last().cloned() } else { Some(name.to_string()) };
        self.0.push(Import { path, name, public, line: end.span().start().line });
    }
}

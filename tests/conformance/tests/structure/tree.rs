//! The modules of one target, and the file that defines what a path names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::Item;

use crate::imports::{Import, imports};
use crate::items::{attributes, is_test, name_of, path_attribute};

/// Rust files by path.
pub(crate) type Sources = BTreeMap<PathBuf, String>;

/// All Rust files below a folder; none if there is no such folder.
pub(crate) fn sources(folder: &Path) -> Sources {
    let mut found = Sources::new();
    for path in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

/// The index of a module in its tree.
pub(crate) type ModuleId = usize;

/// A target's modules. The first is its root.
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
}

/// A module: a file, or a part of one.
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// Test code: `#[cfg(test)]`, or named `tests`, or within such a module.
    pub(crate) test: bool,
    /// Its items, without its modules.
    pub(crate) items: Vec<Item>,
    parent: Option<ModuleId>,
    names: BTreeMap<String, Vec<Binding>>,
    globs: Vec<Vec<String>>,
}

#[derive(Clone)]
enum Binding {
    Item,
    Module(ModuleId),
    Import { path: Vec<String>, private: bool },
}

/// The definition that a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    /// An item that this file defines.
    Item(PathBuf),
    /// A module.
    Module(ModuleId),
}

/// Where a module is: its file, and the folder of its own modules.
struct Place {
    file: PathBuf,
    folder: PathBuf,
    parent: Option<ModuleId>,
    test: bool,
}

impl Tree {
    /// Reads the target whose root is `root`, and all files that its `mod` lines lead to.
    pub(crate) fn read(sources: &Sources, root: &Path) -> Self {
        let mut tree = Self { modules: Vec::new() };
        let folder = root.parent().unwrap().to_owned();
        tree.add_file(sources, Place { file: root.to_owned(), folder, parent: None, test: false });
        tree
    }

    /// All files of the target.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        self.modules.iter().map(|module| module.file.clone()).collect()
    }

    fn add_file(&mut self, sources: &Sources, place: Place) -> ModuleId {
        // Another one is outside the crate, such as a file of `apps/`.
        let text = sources.get(&place.file).cloned().or_else(|| fs::read_to_string(&place.file).ok());
        let text = text.unwrap_or_else(|| panic!("no file {}", place.file.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", place.file.display()));
        self.add(sources, place, file.items)
    }

    fn add(&mut self, sources: &Sources, place: Place, items: Vec<Item>) -> ModuleId {
        let id = self.modules.len();
        let (inner, items): (Vec<Item>, Vec<Item>) =
            items.into_iter().filter(|item| !is_test(attributes(item))).partition(|item| matches!(item, Item::Mod(_)));
        let mut names: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
        let mut globs = Vec::new();
        for item in &items {
            if let Some(name) = name_of(item) {
                names.entry(name).or_default().push(Binding::Item);
            }
        }
        for Import { path, name, public, .. } in imports(&items) {
            match name {
                Some(name) => {
                    names.entry(name).or_default().push(Binding::Import { path, private: !public });
                }
                None => globs.push(path),
            }
        }
        let Place { file, folder, parent, test } = place;
        self.modules.push(Module { file: file.clone(), test, items, parent, names, globs });
        for item in inner {
            let Item::Mod(item) = item else { continue };
            let name = item.ident.to_string();
            let test = test || name == "tests" || is_test(&item.attrs);
            let inside = folder.join(&name);
            let child = match item.content {
                Some((_, items)) => {
                    self.add(sources, Place { file: file.clone(), folder: inside, parent: Some(id), test }, items)
                }
                None => {
                    let (file, folder) = match path_attribute(&item.attrs) {
                        Some(path) => {
                            let file = file.parent().unwrap().join(path);
                            (file.clone(), file.parent().unwrap().to_owned())
                        }
                        None if sources.contains_key(&inside.join("mod.rs")) => (inside.join("mod.rs"), inside),
                        None => (inside.with_extension("rs"), inside),
                    };
                    self.add_file(sources, Place { file, folder, parent: Some(id), test })
                }
            };
            self.modules[id].names.entry(name).or_default().push(Binding::Module(child));
        }
        id
    }

    /// The items or modules that a path in a module names. Empty for another crate's items and for local names.
    pub(crate) fn resolve(&self, from: ModuleId, path: &[String]) -> BTreeSet<Found> {
        self.follow(from, path, &mut BTreeSet::new())
    }

    /// Whether a name is an item that the module imports for itself. Its `use` then counts, and not each mention.
    pub(crate) fn is_imported(&self, module: ModuleId, name: &str) -> bool {
        let private = |binding: &Binding| matches!(binding, Binding::Import { private: true, .. });
        self.modules[module].names.get(name).is_some_and(|bindings| bindings.iter().all(private))
            && !self.look_up(module, name, &mut BTreeSet::new()).iter().any(|found| matches!(found, Found::Module(_)))
    }

    fn follow(&self, from: ModuleId, path: &[String], seen: &mut Seen) -> BTreeSet<Found> {
        let Some((first, rest)) = path.split_first() else { return BTreeSet::from([Found::Module(from)]) };
        match first.as_str() {
            "crate" => self.descend(0, rest, seen),
            "self" => self.descend(from, rest, seen),
            "super" => match self.modules[from].parent {
                Some(parent) => self.descend(parent, rest, seen),
                None => BTreeSet::new(),
            },
            _ if self.knows(from, first, seen) => self.descend(from, path, seen),
            _ => BTreeSet::new(),
        }
    }

    fn descend(&self, module: ModuleId, path: &[String], seen: &mut Seen) -> BTreeSet<Found> {
        let Some((first, rest)) = path.split_first() else { return BTreeSet::from([Found::Module(module)]) };
        if first == "super" {
            return self.follow(module, path, seen);
        }
        let found = self.look_up(module, first, seen);
        if found.is_empty() && !self.modules[module].names.contains_key(first) {
            // The source has no such name: a macro generates the item.
            return BTreeSet::from([Found::Item(self.modules[module].file.clone())]);
        }
        let modules: BTreeSet<ModuleId> = found.iter().filter_map(Found::module).collect();
        if rest.is_empty() || modules.is_empty() {
            // A variant or an associated item is defined with its type.
            return found;
        }
        modules.into_iter().flat_map(|module| self.descend(module, rest, seen)).collect()
    }

    fn knows(&self, module: ModuleId, name: &str, seen: &mut Seen) -> bool {
        self.modules[module].names.contains_key(name) || !self.look_up(module, name, &mut seen.clone()).is_empty()
    }

    /// The definitions of one name in a module.
    fn look_up(&self, id: ModuleId, name: &str, seen: &mut Seen) -> BTreeSet<Found> {
        if !seen.insert((id, name.to_owned())) {
            return BTreeSet::new();
        }
        let module = &self.modules[id];
        let mut found = BTreeSet::new();
        for binding in module.names.get(name).into_iter().flatten() {
            match binding {
                Binding::Item => {
                    found.insert(Found::Item(module.file.clone()));
                }
                Binding::Module(child) => {
                    found.insert(Found::Module(*child));
                }
                Binding::Import { path, .. } => found.extend(self.follow(id, path, seen)),
            }
        }
        if !module.names.contains_key(name) {
            for glob in &module.globs {
                let modules = self.follow(id, glob, seen);
                for inner in modules.iter().filter_map(Found::module) {
                    found.extend(self.look_up(inner, name, seen));
                }
            }
        }
        seen.remove(&(id, name.to_owned()));
        found
    }
}

/// The names that are being looked up: imports may be circular.
type Seen = BTreeSet<(ModuleId, String)>;

impl Found {
    fn module(&self) -> Option<ModuleId> {
        match self {
            Self::Module(id) => Some(*id),
            Self::Item(_) => None,
        }
    }
}

//! The size of the module: its code, which Envoy compiles before it serves, its data, and whose code it is.

#![expect(clippy::wildcard_enum_match_arm, reason = "of the many parts of a module, few have a size that counts")]

use std::collections::BTreeMap;

use wasmparser::{KnownCustom, Name, Parser, Payload};

/// The sizes of a module's sections, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The code section.
    pub code: usize,
    /// The data section.
    pub data: usize,
}

impl Sizes {
    /// Of a module.
    ///
    /// # Errors
    /// If the bytes are not a module.
    pub fn of(module: &[u8]) -> Result<Self, String> {
        let mut sizes = Self { code: 0, data: 0 };
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(|error| error.to_string())? {
                Payload::CodeSectionStart { range, .. } => sizes.code = range.len(),
                Payload::DataSection(section) => sizes.data = section.range().len(),
                _ => {}
            }
        }
        Ok(sizes)
    }
}

/// The bytes of code of each crate, largest first, of a module that was built with the names of its functions.
///
/// # Errors
/// If the bytes are not a module.
pub fn by_crate(module: &[u8]) -> Result<Vec<(String, usize)>, String> {
    let (mut imported, mut bodies, mut names) = (0_u32, Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|error| error.to_string())? {
            Payload::ImportSection(section) => imported = section.count(),
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(section) = section.as_known() else { continue };
                for name in section.into_iter().flatten() {
                    let Name::Function(functions) = name else { continue };
                    names.extend(functions.into_iter().flatten().map(|naming| (naming.index, naming.name)));
                }
            }
            _ => {}
        }
    }
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    for (index, bytes) in (imported..).zip(bodies) {
        let name = names.get(&index).copied().unwrap_or_default();
        let of: &mut usize = crates.entry(crate_of(name)).or_default();
        *of = of.saturating_add(bytes);
    }
    let mut crates: Vec<(String, usize)> = crates.into_iter().collect();
    crates.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(crates)
}

/// The crate of a function: of `<&mut a::B as c::D>::e` it is `a`.
fn crate_of(mangled: &str) -> String {
    let name = rustc_demangle::demangle(mangled).to_string();
    let start =
        name.trim_start_matches(['<', '&', '[', '(', '*']).trim_start_matches("mut ").trim_start_matches("dyn ");
    let end = start.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(start.len());
    start.get(..end).filter(|name| !name.is_empty()).unwrap_or("others").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_of_its_type() {
        for (name, of) in [
            ("_ZN4core5slice4sort6stable5drift4sort17h0123456789abcdefE", "core"),
            (
                "_ZN84_$LT$$RF$mut$u20$serde_json..de..Deserializer$u20$as$u20$serde..de..Deserializer$GT$5visit17h0123456789abcdefE",
                "serde_json",
            ),
            ("memcpy", "memcpy"),
            ("", "others"),
        ] {
            assert_eq!(crate_of(name), of, "{name}");
        }
    }
}

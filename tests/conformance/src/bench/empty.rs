//! A filter that does nothing: the cost of Envoy's Wasm machinery without a gate.

use std::path::{Path, PathBuf};

/// The file of the module, removed on drop.
#[derive(Debug)]
pub(super) struct EmptyFilter(PathBuf);

impl EmptyFilter {
    pub(super) fn write() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("stepgate-bench-{}.wasm", std::process::id()));
        std::fs::write(&path, module()).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for EmptyFilter {
    fn drop(&mut self) {
        // It is in a folder for temporary files.
        let _ = std::fs::remove_file(&self.0);
    }
}

const I32: u8 = 0x7f;

/// The module's exports: name, number of parameters, and the result if there is one. The callbacks are
/// those that the gate has too, so that Envoy enters the VM equally often.
const FUNCTIONS: [(&str, u8, Option<u8>); 14] = [
    ("proxy_abi_version_0_2_1", 0, None),
    // Where Envoy writes the name of the plugin. The module does not read it.
    ("proxy_on_memory_allocate", 1, Some(64)),
    ("proxy_on_vm_start", 2, Some(1)),
    ("proxy_on_configure", 2, Some(1)),
    ("proxy_on_context_create", 2, None),
    // 0 is `Continue`.
    ("proxy_on_request_headers", 3, Some(0)),
    ("proxy_on_request_body", 3, Some(0)),
    ("proxy_on_request_trailers", 2, Some(0)),
    ("proxy_on_response_headers", 3, Some(0)),
    ("proxy_on_response_body", 3, Some(0)),
    ("proxy_on_response_trailers", 2, Some(0)),
    ("proxy_on_done", 1, Some(1)),
    ("proxy_on_log", 1, None),
    ("proxy_on_delete", 1, None),
];

/// The binary format, section by section (WebAssembly Core Specification, chapter 5).
fn module() -> Vec<u8> {
    let types = FUNCTIONS.map(|(_, parameters, result)| {
        let results = if result.is_some() { vec![1, I32] } else { vec![0] };
        [vec![0x60, parameters], vec![I32; usize::from(parameters)], results].concat()
    });
    // Each function has a type of its own, by the same index.
    let indices: [_; FUNCTIONS.len()] = std::array::from_fn(|index| vec![u8::try_from(index).unwrap_or_default()]);
    let memory = [vec![0, 1]];
    let functions = FUNCTIONS.iter().zip(&indices).map(|((name, ..), index)| export(name, 0, index));
    let exports: Vec<Vec<u8>> = functions.chain([export("memory", 2, &[0])]).collect();
    let bodies = FUNCTIONS.map(|(_, _, result)| {
        // No locals, the constant, the end. 64 in signed LEB128 is two bytes.
        let constant = match result {
            None => Vec::new(),
            Some(value @ 0..64) => vec![0x41, value],
            Some(value) => vec![0x41, value | 0x80, 0],
        };
        let body = [vec![0], constant, vec![0x0b]].concat();
        [length(body.len()), body].concat()
    });
    let header = b"\0asm\x01\0\0\0".to_vec();
    [header, section(1, &types), section(3, &indices), section(5, &memory), section(7, &exports), section(10, &bodies)]
        .concat()
}

fn export(name: &str, kind: u8, index: &[u8]) -> Vec<u8> {
    [&length(name.len()), name.as_bytes(), &[kind], index].concat()
}

fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let content = [length(items.len()), items.concat()].concat();
    [vec![id], length(content.len()), content].concat()
}

/// Unsigned LEB128, for values that fit into two bytes.
fn length(value: usize) -> Vec<u8> {
    let low = u8::try_from(value & 0x7f).unwrap_or_default();
    match u8::try_from(value >> 7).unwrap_or_default() {
        0 => vec![low],
        high => vec![low | 0x80, high],
    }
}

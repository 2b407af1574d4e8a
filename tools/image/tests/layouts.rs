//! A layout holds the files that were packed, and the same files make the same bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

const MODULE: &[u8] = b"\0asm\x01\0\0\0 not really";
const SBOM: &[u8] = br#"{"bomFormat":"CycloneDX"}"#;

fn sha256(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The folder of the layout, and whether the command succeeded.
fn pack(what: &str, content: &[u8], directory: &Path) -> (PathBuf, bool) {
    let (file, sbom, out) = (directory.join("file"), directory.join("sbom"), directory.join("layout"));
    fs::write(&file, content).unwrap();
    fs::write(&sbom, SBOM).unwrap();
    let packed = Command::new(env!("CARGO_BIN_EXE_stepgate-image")).arg(what).args([&file, &sbom, &out]).output();
    (out, packed.unwrap().status.success())
}

fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let content = fs::read(layout.join("blobs").join(digest.replacen(':', "/", 1))).unwrap();
    assert_eq!(content.len(), usize::try_from(descriptor["size"].as_u64().unwrap()).unwrap());
    assert_eq!(digest, sha256(&content));
    content
}

fn named(layout: &Path, name: &str) -> Value {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let all = index["manifests"].as_array().unwrap();
    let found = all.iter().find(|manifest| manifest["annotations"]["org.opencontainers.image.ref.name"] == name);
    serde_json::from_slice(&blob(layout, found.unwrap())).unwrap()
}

#[test]
fn the_module_is_in_both_variants() {
    let directory = tempfile::tempdir().unwrap();
    let (layout, packed) = pack("module", MODULE, directory.path());
    assert!(packed);

    let compat = named(&layout, "compat");
    assert_eq!(compat["layers"].as_array().unwrap().len(), 1);
    assert_eq!(compat["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(blob(&layout, &compat["layers"][0]).as_slice()).read_to_end(&mut plain).unwrap();
    let mut archive = tar::Archive::new(plain.as_slice());
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    assert_eq!((entry.path().unwrap().as_os_str(), content.as_slice()), ("plugin.wasm".as_ref(), MODULE));
    assert_eq!((entry.header().mtime().unwrap(), entry.header().uid().unwrap()), (0, 0));
    assert!(entries.next().is_none());
    let config: Value = serde_json::from_slice(&blob(&layout, &compat["config"])).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], sha256(&plain));

    let artifact = named(&layout, "artifact");
    let layers = artifact["layers"].as_array().unwrap();
    let types: Vec<&str> = layers.iter().map(|layer| layer["mediaType"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["application/vnd.module.wasm.config.v1+json", "application/vnd.module.wasm.content.layer.v1+wasm"]
    );
    assert_eq!(blob(&layout, &layers[1]), MODULE);

    let sbom = named(&layout, "sbom");
    assert_eq!(blob(&layout, &sbom["layers"][0]), SBOM);
    assert_eq!(serde_json::from_slice::<Value>(&blob(&layout, &sbom["subject"])).unwrap(), compat);
}

#[test]
fn layouts_are_reproducible() {
    let index = |content: &[u8]| {
        let directory = tempfile::tempdir().unwrap();
        let (layout, packed) = pack("module", content, directory.path());
        assert!(packed);
        // The index names everything else by digest.
        fs::read_to_string(layout.join("index.json")).unwrap()
    };
    assert_eq!(index(MODULE), index(MODULE));
    assert_ne!(index(MODULE), index(b"\0asm another"));
}

#[test]
fn other_files_are_not_packed_and_other_folders_are_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    assert!(!pack("module", b"#!/bin/sh", directory.path()).1);
    assert!(!pack("command", b"#!/bin/sh", directory.path()).1);
    let out = directory.path().join("layout");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis"), "").unwrap();
    assert!(!pack("module", MODULE, directory.path()).1);
    assert!(out.join("thesis").exists());
    fs::remove_dir_all(&out).unwrap();
    assert!(pack("module", MODULE, directory.path()).1 && pack("module", MODULE, directory.path()).1);
}

//! `make image`: the filter and the command as OCI image layouts, which `skopeo copy oci:… docker://…` pushes.
//!
//! The same files make the same bytes on every machine, so a digest says what is inside. For that the
//! layers are packed by libraries pinned here, not by the machine's own tar and zlib, and nothing tells
//! when or where it was made.

mod image;
mod layer;
mod layout;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Packs the filter or the command into an OCI image layout.
#[derive(Debug, Parser)]
#[command(name = "stepgate-image")]
enum Order {
    /// The filter in both variants that Istio takes: `compat`, `artifact`; and its bill of materials: `sbom`
    Module {
        /// The filter
        module: PathBuf,
        /// Its bill of materials, CycloneDX as JSON
        sbom: PathBuf,
        /// Where the layout is written; a layout that is there is replaced
        out: PathBuf,
    },
    /// The command `stepgate`, as `stepgate`
    Command {
        /// A program that needs no library: the image has none
        program: PathBuf,
        /// Its bill of materials, CycloneDX as JSON
        sbom: PathBuf,
        /// Where the layout is written; a layout that is there is replaced
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match pack(&Order::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn pack(order: &Order) -> io::Result<()> {
    match order {
        Order::Module { module, sbom, out } => image::of_module(&read(module)?, &read(sbom)?, out),
        Order::Command { program, sbom, out } => image::of_command(&read(program)?, &read(sbom)?, out),
    }
}

fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

//! `make image`: the filter and the command as OCI image layouts, which `skopeo copy oci:… docker://…` pushes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use stepgate_image::{Image, ImageError, Layout};

/// Packs the filter or the command into an OCI image layout.
#[derive(Debug, Parser)]
#[command(name = "stepgate-image")]
enum Args {
    /// The filter in both variants that Istio accepts: `compat`, `artifact`; and its bill of materials: `sbom`
    Module {
        /// The filter
        module: PathBuf,
        /// Its bill of materials, CycloneDX as JSON
        sbom: PathBuf,
        /// The folder of the layout; an existing layout is replaced
        out: PathBuf,
    },
    /// The command `stepgate`, as `stepgate`
    Command {
        /// The program, linked statically: the image has no library
        program: PathBuf,
        /// Its bill of materials, CycloneDX as JSON
        sbom: PathBuf,
        /// The folder of the layout; an existing layout is replaced
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match pack(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn pack(args: &Args) -> Result<(), ImageError> {
    match args {
        Args::Module { module, sbom, out } => of_module(&read(module)?, &read(sbom)?, out),
        Args::Command { program, sbom, out } => {
            write(out, "stepgate", Image::command(&read(program)?)?, &read(sbom)?, None)
        }
    }
}

/// The filter, twice: as an image of one layer with `/plugin.wasm`, and as an artifact.
fn of_module(module: &[u8], sbom: &[u8], out: &Path) -> Result<(), ImageError> {
    if !module.starts_with(b"\0asm") {
        return Err(ImageError::WrongContent("a WebAssembly module"));
    }
    write(out, "compat", Image::compat(module)?, sbom, Some(("artifact", Image::artifact(module)?)))
}

/// A layout with an image, possibly a second one, and the bill of materials of the first.
fn write(out: &Path, name: &str, image: Image, sbom: &[u8], other: Option<(&str, Image)>) -> Result<(), ImageError> {
    let mut layout = Layout::create(out)?;
    let sbom = ("sbom", image.sbom(sbom)?);
    for (name, image) in [Some((name, image)), other, Some(sbom)].into_iter().flatten() {
        layout.add(name, &image)?;
    }
    layout.finish()
}

fn read(path: &PathBuf) -> Result<Vec<u8>, ImageError> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    Ok(std::fs::read(path).map_err(named)?)
}

//! One file as a layer: a tar archive, compressed with gzip.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// A layer in the two forms that an image names by digest.
pub(crate) struct Layer {
    /// The archive.
    pub(crate) plain: Vec<u8>,
    /// The archive, compressed.
    pub(crate) packed: Vec<u8>,
}

/// A file at the root that belongs to the user root and has no date.
pub(crate) fn of_file(name: &str, mode: u32, content: &[u8]) -> io::Result<Layer> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(u64::try_from(content.len()).map_err(io::Error::other)?);
    let mut archive = Builder::new(Vec::new());
    archive.append_data(&mut header, name, content)?;
    let plain = archive.into_inner()?;
    // 255: no operating system is named.
    let mut packer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    packer.write_all(&plain)?;
    Ok(Layer { packed: packer.finish()?, plain })
}

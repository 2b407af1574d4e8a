//! The filter and the command as images: the same files make the same bytes on every machine, so a digest says what is
//! inside. For that the layers are packed by libraries pinned here, not by the machine's own tar and zlib, and nothing
//! tells when or where it was made.

mod descriptor;
mod image;
mod layer;
mod layout;

pub use descriptor::digest;
pub use image::Image;
pub use layout::Layout;

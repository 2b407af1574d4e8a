//! The filter and the command as images. The same files make the same bytes on every machine, so a digest identifies the
//! content. Layers are packed by libraries in `Cargo.lock`, not by the machine's own tar and zlib, and hold no date.

mod blob;
mod error;
mod image;
mod layer;
mod layout;

pub use blob::digest;
pub use error::ImageError;
pub use image::Image;
pub use layout::Layout;

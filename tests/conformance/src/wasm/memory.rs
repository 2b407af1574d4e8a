//! The module's memory, as the proxy reads and writes it.

use wasmtime::{Caller, Error, Extern, Memory, Result};

use super::Proxy;

/// A call from the module.
pub(super) type Call<'c> = Caller<'c, Proxy>;

/// The module's memory.
pub(super) fn memory(call: &mut Call<'_>) -> Result<Memory> {
    call.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| Error::msg("the module has no memory"))
}

/// Bytes that the module passes.
pub(super) fn read(call: &mut Call<'_>, at: u32, size: u32) -> Result<Vec<u8>> {
    let memory = memory(call)?;
    let (at, size) = (usize::try_from(at)?, usize::try_from(size)?);
    let bytes = memory.data(&call).get(at..).and_then(|rest| rest.get(..size));
    bytes.map(<[u8]>::to_vec).ok_or_else(|| Error::msg("the module passes an address outside of its memory"))
}

/// Text that the module passes.
pub(super) fn text(call: &mut Call<'_>, at: u32, size: u32) -> Result<String> {
    Ok(String::from_utf8_lossy(&read(call, at, size)?).into_owned())
}

/// Writes at an address that the module gave.
pub(super) fn write(call: &mut Call<'_>, at: u32, bytes: &[u8]) -> Result<()> {
    let memory = memory(call)?;
    Ok(memory.write(call, usize::try_from(at)?, bytes)?)
}

/// Allocates memory of the module; 0 if it has none.
pub(super) fn allocate(call: &mut Call<'_>, size: usize) -> Result<u32> {
    let function = call.get_export("proxy_on_memory_allocate").and_then(Extern::into_func);
    let function = function.ok_or_else(|| Error::msg("the module has no allocator"))?;
    function.typed::<u32, u32>(&call)?.call(call, u32::try_from(size)?)
}

/// Writes a pointer and a size at the addresses that the module gave.
pub(super) fn point(call: &mut Call<'_>, to: (u32, u32), data: u32, size: u32) -> Result<()> {
    write(call, to.0, &data.to_le_bytes())?;
    write(call, to.1, &size.to_le_bytes())
}

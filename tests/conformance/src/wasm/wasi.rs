//! The functions of WASI (preview 1) that the module imports, as far as Envoy provides them.

use wasmtime::{Caller, Error, Linker, Result};

use super::Proxy;
use super::abi::begin;
use super::fault::{Fault, Function};
use super::memory::{Call, read, write};
use super::status::OK;

const WASI: &str = "wasi_snapshot_preview1";

pub(super) fn define(linker: &mut Linker<Proxy>) -> Result<()> {
    linker.func_wrap(WASI, "random_get", |mut c: Caller<'_, Proxy>, at: u32, size: u32| {
        if let Some(Fault::Fails(status)) = begin(&mut c, Function::Random)? {
            return Ok(status);
        }
        let random = &mut c.data_mut().random;
        let bytes: Vec<u8> = (0..size).map(|_| random.number().to_le_bytes()[0]).collect();
        write(&mut c, at, &bytes)?;
        Ok(OK)
    })?;
    linker.func_wrap(WASI, "environ_sizes_get", |mut c: Caller<'_, Proxy>, count: u32, size: u32| {
        let fault = begin(&mut c, Function::Environment)?;
        let more = match fault {
            Some(Fault::Fails(status)) => return Ok(status),
            Some(Fault::Misjudged(more)) => more.unsigned_abs(),
            _ => 0,
        };
        let all = variables(&c);
        let (variables, bytes) = (u32::try_from(all.len())?, u32::try_from(all.concat().len())?);
        write(&mut c, count, &variables.saturating_add(more).to_le_bytes())?;
        write(&mut c, size, &bytes.saturating_add(more).to_le_bytes())?;
        Ok(OK)
    })?;
    linker.func_wrap(WASI, "environ_get", |mut c: Caller<'_, Proxy>, pointers: u32, bytes: u32| {
        if let Some(Fault::Fails(status)) = begin(&mut c, Function::Environment)? {
            return Ok(status);
        }
        let (mut pointer, mut at) = (pointers, bytes);
        for variable in variables(&c) {
            write(&mut c, pointer, &at.to_le_bytes())?;
            write(&mut c, at, &variable)?;
            pointer = pointer.saturating_add(4);
            at = at.saturating_add(u32::try_from(variable.len())?);
        }
        Ok(OK)
    })?;
    linker.func_wrap(WASI, "clock_time_get", |mut c: Caller<'_, Proxy>, _clock: u32, _precision: u64, to: u32| {
        let (time, fault) = (c.data().time, begin(&mut c, Function::Time)?);
        if let Some(Fault::Fails(status)) = fault {
            return Ok(status);
        }
        write(&mut c, to, &time.to_le_bytes())?;
        Ok(OK)
    })?;
    linker.func_wrap(WASI, "fd_write", |mut c: Caller<'_, Proxy>, _file: u32, vectors: u32, count: u32, to: u32| {
        begin(&mut c, Function::Write)?;
        let line = gathered(&mut c, vectors, count)?;
        write(&mut c, to, &u32::try_from(line.len())?.to_le_bytes())?;
        // The module may write only to the log.
        let line = String::from_utf8_lossy(&line).into_owned();
        c.data_mut().log.push((u32::MAX, line));
        Ok(OK)
    })?;
    linker.func_wrap(WASI, "proc_exit", |_: Caller<'_, Proxy>, code: u32| -> Result<()> {
        Err(Error::msg(format!("the module exits with {code}")))
    })?;
    linker.func_wrap(WASI, "sched_yield", |_: Caller<'_, Proxy>| OK)?;
    Ok(())
}

fn variables(call: &Call<'_>) -> Vec<Vec<u8>> {
    call.data().environment.iter().map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

fn gathered(call: &mut Call<'_>, vectors: u32, count: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let vectors = read(call, vectors, count.saturating_mul(8))?;
    let (vectors, _) = vectors.as_chunks::<4>();
    let (vectors, _) = vectors.as_chunks::<2>();
    for [at, size] in vectors {
        bytes.extend(read(call, u32::from_le_bytes(*at), u32::from_le_bytes(*size))?);
    }
    Ok(bytes)
}

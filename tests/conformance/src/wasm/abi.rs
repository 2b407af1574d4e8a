//! The functions of the ABI (proxy-wasm/spec, v0.2.1) that the module calls.

use wasmtime::{Caller, Error, Extern, Linker, Module, Result, Val};

use super::fault::{Fault, Function};
use super::memory::{Call, allocate, point, read, text, write};
use super::proxy::{Answer, Proxy};
use super::status::{CAS_MISMATCH, NOT_FOUND, OK};
use super::{crypto, pairs};

/// Most calls in one run of the module: a module that loops is stopped.
pub const MAX_CALLS: usize = 100_000;

/// `INVALID_MEMORY_ACCESS`: the result if the module gives no memory.
const INVALID_MEMORY: u32 = 6;

/// Where a call returns bytes: the addresses for the pointer and for the size.
type Out = (u32, u32);

/// The rest of the ABI: the SDK links it, and a gate never calls it.
const UNUSED: [&str; 18] = [
    "proxy_add_header_map_value",
    "proxy_continue_stream",
    "proxy_dequeue_shared_queue",
    "proxy_done",
    "proxy_enqueue_shared_queue",
    "proxy_get_header_map_value",
    "proxy_get_status",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_grpc_send",
    "proxy_grpc_stream",
    "proxy_http_call",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_set_buffer_bytes",
    "proxy_set_effective_context",
    "proxy_set_header_map_pairs",
];

pub(super) fn define(linker: &mut Linker<Proxy>, module: &Module) -> Result<()> {
    plain(linker)?;
    bytes(linker)?;
    headers(linker)?;
    for import in module.imports().filter(|import| import.module() == "env" && UNUSED.contains(&import.name())) {
        let (name, ty) = (import.name().to_owned(), import.ty());
        let ty = ty.func().ok_or_else(|| Error::msg(format!("{name} is not a function")))?.clone();
        linker
            .func_new("env", &name.clone(), ty, move |_, _, _| Err(Error::msg(format!("the module calls {name}"))))?;
    }
    Ok(())
}

fn plain(linker: &mut Linker<Proxy>) -> Result<()> {
    linker.func_wrap("env", "proxy_log", |mut c: Caller<'_, Proxy>, level: u32, at: u32, size: u32| {
        let line = text(&mut c, at, size)?;
        act(&mut c, Function::Log, |proxy| {
            proxy.log.push((level, line));
            OK
        })
    })?;
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", |mut c: Caller<'_, Proxy>, to: u32| {
        let (mut time, fault) = (c.data().time, begin(&mut c, Function::Time)?);
        match fault {
            Some(Fault::Fails(status)) => return Ok(status),
            Some(Fault::Silent) => return Ok(OK),
            Some(Fault::Time(other)) => time = other,
            _ => {}
        }
        write(&mut c, to, &time.to_le_bytes())?;
        Ok(status_after(fault.as_ref()))
    })?;
    linker.func_wrap("env", "proxy_set_tick_period_milliseconds", |mut c: Caller<'_, Proxy>, period: u32| {
        act(&mut c, Function::Tick, |proxy| {
            proxy.tick = period;
            OK
        })
    })?;
    linker.func_wrap(
        "env",
        "proxy_set_shared_data",
        |mut c: Caller<'_, Proxy>, key: u32, key_size: u32, value: u32, size: u32, version: u32| {
            let (key, value) = (text(&mut c, key, key_size)?, read(&mut c, value, size)?);
            act(&mut c, Function::SetShared, |proxy| proxy.write_shared(&key, value, version))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_send_local_response",
        |mut c: Caller<'_, Proxy>,
         status: u32,
         details: u32,
         details_size: u32,
         body: u32,
         body_size: u32,
         headers: u32,
         headers_size: u32,
         grpc_status: i32| {
            let details = text(&mut c, details, details_size)?;
            let body = text(&mut c, body, body_size)?;
            let headers = read(&mut c, headers, headers_size)?;
            let headers = pairs::read(&headers).ok_or_else(|| Error::msg("the module's header map is malformed"))?;
            act(&mut c, Function::Respond, |proxy| {
                proxy.answers.push(Answer { status, details, body, headers, grpc_status });
                OK
            })
        },
    )?;
    linker.func_wrap("env", "proxy_close_stream", |mut c: Caller<'_, Proxy>, stream: u32| {
        act(&mut c, Function::Close, |proxy| {
            proxy.closed.push(stream);
            OK
        })
    })?;
    linker.func_wrap(
        "env",
        "proxy_define_metric",
        |mut c: Caller<'_, Proxy>, _kind: u32, name: u32, size: u32, to: u32| {
            let name = text(&mut c, name, size)?;
            let fault = begin(&mut c, Function::DefineMetric)?;
            match fault {
                Some(Fault::Fails(status)) => return Ok(status),
                Some(Fault::Silent) => return Ok(OK),
                _ => {}
            }
            let number = c.data_mut().define(name);
            write(&mut c, to, &number.to_le_bytes())?;
            Ok(status_after(fault.as_ref()))
        },
    )?;
    linker.func_wrap("env", "proxy_increment_metric", |mut c: Caller<'_, Proxy>, counter: u32, by: i64| {
        act(&mut c, Function::IncrementMetric, |proxy| proxy.count(counter, by))
    })?;
    Ok(())
}

fn bytes(linker: &mut Linker<Proxy>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_buffer_bytes",
        |mut c: Caller<'_, Proxy>, _buffer: u32, start: u32, most: u32, data: u32, size: u32| {
            let most = usize::try_from(most)?;
            give(&mut c, Function::Buffer, (data, size), |proxy| {
                Ok(proxy.configuration.iter().skip(usize::try_from(start).unwrap_or(0)).take(most).copied().collect())
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_property",
        |mut c: Caller<'_, Proxy>, path: u32, path_size: u32, data: u32, size: u32| {
            let path = text(&mut c, path, path_size)?;
            give(&mut c, Function::Property, (data, size), |proxy| proxy.property(&path))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_property",
        |mut c: Caller<'_, Proxy>, key: u32, key_size: u32, value: u32, size: u32| {
            let (key, value) = (text(&mut c, key, key_size)?, text(&mut c, value, size)?);
            act(&mut c, Function::SetProperty, |proxy| {
                proxy.told.insert(key, value);
                OK
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_shared_data",
        |mut c: Caller<'_, Proxy>, key: u32, key_size: u32, data: u32, size: u32, version: u32| {
            let key = text(&mut c, key, key_size)?;
            let found = c.data().shared.get(&key).cloned();
            if let Some((_, now)) = found {
                write(&mut c, version, &now.to_le_bytes())?;
            }
            give(&mut c, Function::GetShared, (data, size), |_| found.map(|(value, _)| value).ok_or(NOT_FOUND))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_call_foreign_function",
        |mut c: Caller<'_, Proxy>, name: u32, name_size: u32, given: u32, given_size: u32, data: u32, size: u32| {
            let (name, given) = (text(&mut c, name, name_size)?, read(&mut c, given, given_size)?);
            let there = c.data().has_crypto;
            let (function, answer) = match name.as_str() {
                "verify_signature" => (Function::Verify, there.then(|| crypto::verify(&given))),
                "sign" => (Function::Sign, there.then(|| crypto::sign(&given))),
                other => return Err(Error::msg(format!("no Envoy has the function `{other}`"))),
            };
            give(&mut c, function, (data, size), |_| answer.unwrap_or(Err(NOT_FOUND)))
        },
    )?;
    Ok(())
}

fn headers(linker: &mut Linker<Proxy>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_header_map_pairs",
        |mut c: Caller<'_, Proxy>, part: u32, data: u32, size: u32| {
            give(&mut c, Function::Pairs, (data, size), |proxy| {
                proxy.headers.get(&part).map(|headers| pairs::write(headers)).ok_or(NOT_FOUND)
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_remove_header_map_value",
        |mut c: Caller<'_, Proxy>, part: u32, name: u32, size: u32| {
            let name = text(&mut c, name, size)?;
            act(&mut c, Function::Remove, |proxy| proxy.remove(part, &name))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_replace_header_map_value",
        |mut c: Caller<'_, Proxy>, part: u32, name: u32, name_size: u32, value: u32, size: u32| {
            let (name, value) = (text(&mut c, name, name_size)?, read(&mut c, value, size)?);
            act(&mut c, Function::Replace, |proxy| proxy.replace(part, &name, value))
        },
    )?;
    Ok(())
}

/// Records the call and returns its fault. A fault that calls back does so here.
pub(super) fn begin(call: &mut Call<'_>, function: Function) -> Result<Option<Fault>> {
    let at = call.data().calls.len();
    if at >= MAX_CALLS {
        return Err(Error::msg("the module loops: it makes too many calls"));
    }
    call.data_mut().calls.push(function);
    let fault = call.data().faults.get(&at).cloned();
    call.data_mut().may_trap |= fault.as_ref().is_some_and(|fault| fault.may_trap(function));
    if let Some(Fault::Within(name, arguments)) = &fault
        && let Some(function) = call.get_export(name).and_then(Extern::into_func)
    {
        let arguments: Vec<Val> = arguments.iter().map(|number| Val::I32(number.cast_signed())).collect();
        let mut results: Vec<Val> = function.ty(&call).results().map(|_| Val::I32(0)).collect();
        function.call(call, &arguments, &mut results)?;
    }
    Ok(fault)
}

fn status_after(fault: Option<&Fault>) -> u32 {
    match fault {
        Some(Fault::DoneButSays(status)) => *status,
        _ => OK,
    }
}

/// A call that has an effect.
fn act(call: &mut Call<'_>, function: Function, what: impl FnOnce(&mut Proxy) -> u32) -> Result<u32> {
    match begin(call, function)? {
        Some(Fault::Fails(status)) => Ok(status),
        Some(Fault::DoneButSays(status)) => {
            what(call.data_mut());
            Ok(status)
        }
        _ => Ok(what(call.data_mut())),
    }
}

/// A call that returns bytes.
fn give(
    call: &mut Call<'_>,
    function: Function,
    out: Out,
    what: impl FnOnce(&mut Proxy) -> Result<Vec<u8>, u32>,
) -> Result<u32> {
    let fault = begin(call, function)?;
    match &fault {
        Some(Fault::Fails(status)) => return Ok(*status),
        Some(Fault::Silent) => return Ok(OK),
        Some(Fault::Null(size)) => return point(call, out, 0, *size).map(|()| OK),
        Some(Fault::Elsewhere(data, size)) => return point(call, out, *data, *size).map(|()| OK),
        _ => {}
    }
    let mut given = match what(call.data_mut()) {
        Ok(given) => given,
        // Even without a value, a fault can return one.
        Err(_) if matches!(fault, Some(Fault::Bytes(_) | Fault::Misjudged(_) | Fault::Answers(_))) => Vec::new(),
        Err(status) => return Ok(status),
    };
    match &fault {
        Some(Fault::Bytes(odd)) => given = odd.of(given),
        Some(Fault::Answers(other)) => given.clone_from(other),
        _ => {}
    }
    if given.is_empty() {
        return point(call, out, 0, 0).map(|()| status_after(fault.as_ref()));
    }
    let data = allocate(call, given.len())?;
    if data == 0 {
        return Ok(INVALID_MEMORY);
    }
    write(call, data, &given)?;
    let mut size = u32::try_from(given.len())?;
    if let Some(Fault::Misjudged(by)) = &fault {
        size = size.saturating_add_signed(*by);
    }
    point(call, out, data, size)?;
    Ok(status_after(fault.as_ref()))
}

/// Every status that exists, and one that does not.
pub const STATUSES: [u32; 13] = [NOT_FOUND, 2, 3, 4, 5, 6, 7, CAS_MISMATCH, 9, 10, 11, 12, u32::MAX];

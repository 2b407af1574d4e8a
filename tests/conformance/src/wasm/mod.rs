//! The third subject: the module in wasmtime, with a scripted proxy around it. Its clock can be set, its calls can
//! be counted, and each of them can fail.

mod abi;
mod crypto;
mod fault;
mod memory;
mod pairs;
mod proxy;
mod status;
mod subject;
mod wasi;

use std::path::Path;

use wasmtime::{Config, Engine, Instance, InstancePre, Linker, OptLevel, Store, Val};

pub use abi::{MAX_CALLS, STATUSES};
pub use crypto::{signed, verdict};
pub use fault::{Fault, Function, Odd};
pub use proxy::{Answer, Part, Proxy};
pub use subject::{Cost, Exchange, ROOT, Subject, configure, count, proxy_for, start, stranger};

/// A module, compiled once.
pub struct Module {
    pre: InstancePre<Proxy>,
    metered: bool,
}

impl Module {
    /// Compiles the module of this path.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn load(path: &Path) -> Result<Self, String> {
        Self::compile(path, false)
    }

    /// Compiles the module of this path so that its VMs count their instructions.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn metered(path: &Path) -> Result<Self, String> {
        Self::compile(path, true)
    }

    fn compile(path: &Path, metered: bool) -> Result<Self, String> {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::None).consume_fuel(metered);
        let words = |error: wasmtime::Error| format!("{}: {error}", path.display());
        let engine = Engine::new(&config).map_err(words)?;
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let module = wasmtime::Module::new(&engine, bytes).map_err(words)?;
        let mut linker = Linker::new(&engine);
        abi::define(&mut linker, &module).map_err(words)?;
        wasi::define(&mut linker).map_err(words)?;
        let pre = linker.instantiate_pre(&module).map_err(words)?;
        Ok(Self { pre, metered })
    }

    /// A new VM of this module, not yet initialised.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn vm(&self, proxy: Proxy) -> Result<Vm, String> {
        let mut store = Store::new(self.pre.module().engine(), proxy);
        if self.metered {
            store.set_fuel(u64::MAX).map_err(|error| error.to_string())?;
        }
        let instance = self.pre.instantiate(&mut store).map_err(|error| error.to_string())?;
        Ok(Vm { store, instance })
    }

    /// A VM that continues from a kept one.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn resumed(&self, kept: &Kept) -> Result<Vm, String> {
        let mut vm = self.vm(kept.proxy.clone())?;
        let memory = vm.instance.get_memory(&mut vm.store, "memory").ok_or("the module has no memory")?;
        let more = kept.memory.len().saturating_sub(memory.data_size(&vm.store));
        let words = |error: wasmtime::Error| error.to_string();
        memory.grow(&mut vm.store, u64::try_from(more / PAGE).unwrap_or(u64::MAX)).map_err(words)?;
        memory.write(&mut vm.store, 0, &kept.memory).map_err(|error| error.to_string())?;
        Ok(vm)
    }
}

/// A page of WebAssembly's memory, in bytes.
const PAGE: usize = 64 << 10;

/// A VM between two callbacks. All its state is then in its memory: the only other thing that changes, the pointer to
/// its stack, has its initial value again.
pub struct Kept {
    memory: Vec<u8>,
    proxy: Proxy,
}

/// The module's answer to a callback that decides whether to continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Go on.
    Continue,
    /// Not now.
    Pause,
}

/// A running module: one worker.
pub struct Vm {
    store: Store<Proxy>,
    instance: Instance,
}

impl Vm {
    /// The proxy.
    pub fn proxy(&mut self) -> &mut Proxy {
        self.store.data_mut()
    }

    /// The module's memory, in bytes.
    pub fn memory(&mut self) -> usize {
        self.instance.get_memory(&mut self.store, "memory").map_or(0, |memory| memory.data_size(&self.store))
    }

    /// The instructions of WebAssembly so far, as wasmtime counts them; 0 if the module is not metered.
    pub fn instructions(&mut self) -> u64 {
        self.store.get_fuel().map_or(0, |left| u64::MAX.saturating_sub(left))
    }

    /// A copy of this VM, from which others continue.
    pub fn kept(&mut self) -> Kept {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let memory = memory.map(|memory| memory.data(&self.store).to_vec()).unwrap_or_default();
        Kept { memory, proxy: self.store.data().clone() }
    }

    /// Calls one of the module's functions; does nothing if the module has no function of this name.
    ///
    /// # Errors
    /// If it traps.
    pub fn call(&mut self, name: &str, arguments: &[u32]) -> Result<Option<u32>, String> {
        let Some(function) = self.instance.get_func(&mut self.store, name) else { return Ok(None) };
        let arguments: Vec<Val> = arguments.iter().map(|number| Val::I32(number.cast_signed())).collect();
        let mut results: Vec<Val> = function.ty(&self.store).results().map(|_| Val::I32(0)).collect();
        function
            .call(&mut self.store, &arguments, &mut results)
            .map_err(|error| format!("{name} trapped after {}: {error:?}", self.store.data().last_call()))?;
        Ok(results.first().and_then(Val::i32).map(i32::cast_unsigned))
    }

    /// Calls a function that decides whether to continue. A callback that the module does not have is skipped.
    ///
    /// # Errors
    /// If it traps.
    pub fn ask(&mut self, name: &str, arguments: &[u32]) -> Result<Action, String> {
        Ok(match self.call(name, arguments)? {
            None | Some(0) => Action::Continue,
            Some(_) => Action::Pause,
        })
    }
}

//! Where the proxy calls in.

use std::panic;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use crate::abi::{PluginConfiguration, Proxy};
use crate::configure::configure;
use crate::host::{Host, Level};
use crate::lines;
use crate::station::Station;
use crate::stream::{Next, Stream};

/// Once for each VM, that is for each worker.
pub(crate) fn start() {
    // No input should lead here; a proxy that goes down should say where.
    panic::set_hook(Box::new(|panic| Proxy.log(Level::Error, &lines::trouble("panic", &panic.to_string()))));
    proxy_wasm::set_root_context(|_| Box::new(Root { station: Rc::new(Station::closed()) }));
}

/// One plugin in one worker.
struct Root {
    station: Rc<Station>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Always takes the configuration: see [`crate::configure`].
    fn on_configure(&mut self, size: usize) -> bool {
        self.station.tell_suppressed(&Proxy);
        self.station = Rc::new(configure(&Proxy, &PluginConfiguration { size }, &|name| std::env::var(name)));
        true
    }

    fn on_tick(&mut self) {
        self.station.tell_suppressed(&Proxy);
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Http(Stream::new(Rc::clone(&self.station)))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One stream.
struct Http(Stream);

impl Context for Http {}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.0.request_headers(&Proxy).into()
    }

    fn on_http_request_body(&mut self, _: usize, _: bool) -> Action {
        self.0.request_body().into()
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.0.request_trailers(&Proxy).into()
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.0.response_headers(&Proxy).into()
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.0.response_trailers(&Proxy).into()
    }
}

impl From<Next> for Action {
    fn from(next: Next) -> Self {
        match next {
            Next::Continue => Self::Continue,
            Next::Stop => Self::Pause,
        }
    }
}

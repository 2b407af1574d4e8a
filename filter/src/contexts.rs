//! The contexts that the SDK keeps: the plugin, and one for each stream.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use stepgate_config::MAX_INPUT;

use crate::configure::configure;
use crate::plugin_state::PluginState;
use crate::sdk_host::{SdkHost, plugin_configuration};
use crate::stream::Stream;

proxy_wasm::main! {{
    // Sets the SDK's logger and its panic hook too.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { state: Rc::new(PluginState::unconfigured()) }));
}}

/// A plugin: one configuration in one VM.
struct Plugin {
    state: Rc<PluginState>,
}

impl Context for Plugin {
    /// The plugin ends.
    fn on_done(&mut self) -> bool {
        self.state.retire(&SdkHost::default());
        true
    }
}

impl RootContext for Plugin {
    /// Always accepts the configuration: see [`crate::configure`].
    fn on_configure(&mut self, size: usize) -> bool {
        let host = SdkHost::default();
        // One byte more than is permitted, so that a longer configuration is seen to be too long.
        let configuration = plugin_configuration(size.min(MAX_INPUT.saturating_add(1)));
        let state = Rc::new(configure(&host, configuration, &|name| std::env::var(name)));
        std::mem::replace(&mut self.state, state).retire(&host);
        self.state.start(&host);
        true
    }

    fn on_tick(&mut self) {
        self.state.tick(&SdkHost::default());
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(HttpStream(Stream::new(Rc::clone(&self.state)))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One stream.
struct HttpStream(Stream);

impl Context for HttpStream {}

impl HttpContext for HttpStream {
    fn on_http_request_headers(&mut self, num_headers: usize, _: bool) -> Action {
        self.0.request_headers(&SdkHost { num_headers })
    }

    fn on_http_request_body(&mut self, size: usize, _: bool) -> Action {
        self.0.request_body(&SdkHost::default(), size)
    }

    fn on_http_request_trailers(&mut self, num_headers: usize) -> Action {
        self.0.request_trailers(&SdkHost { num_headers })
    }

    fn on_http_response_headers(&mut self, num_headers: usize, _: bool) -> Action {
        self.0.response_headers(&SdkHost { num_headers })
    }

    fn on_http_response_body(&mut self, _: usize, _: bool) -> Action {
        self.0.response_body()
    }

    fn on_http_response_trailers(&mut self, num_headers: usize) -> Action {
        self.0.response_trailers(&SdkHost { num_headers })
    }

    fn on_log(&mut self) {
        self.0.ended(&SdkHost::default());
    }
}

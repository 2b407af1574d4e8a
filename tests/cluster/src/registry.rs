//! A real registry of images, on a machine of its own, with plain HTTP.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use stepgate_image::{Image, digest};
use stepgate_mesh::{Client, Request, Response, Route, Version};

use crate::daemon::{Daemon, Order};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::network::{Network, REGISTRY};
use crate::within::Within;

const START: Duration = Duration::from_secs(60);
const DIRECTORY: &str = "/run/cluster/registry";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const PORT: u16 = 5000;

/// The registry.
#[derive(Debug)]
pub struct Registry {
    program: Option<Daemon>,
    within: Within,
    host: Host,
}

impl Registry {
    pub(crate) fn create(network: &Network) -> Result<Self> {
        let host = network.join(REGISTRY, &format!("mkdir -p {DIRECTORY}/data"))?;
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {DIRECTORY}/data}}}}\n\
             http: {{addr: '{}', secret: of-one-run}}\n",
            Self::address()
        );
        fs::write(host.file(DIRECTORY).join("config.yml"), config)?;
        let within = Within::start(&host)?;
        let mut registry = Self { program: None, within, host };
        registry.start()?;
        Ok(registry)
    }

    /// Its address.
    pub fn address() -> SocketAddr {
        (REGISTRY, PORT).into()
    }

    /// Stops it. Its images stay.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.program.take().map_or(Ok(()), |mut program| program.stop())
    }

    /// Suspends it until [`Registry::proceed`]: clients connect, and wait for an answer.
    pub fn pause(&mut self) {
        if let Some(program) = &mut self.program {
            program.pause();
        }
    }

    /// Resumes it: it answers all clients, including those that wait.
    pub fn proceed(&mut self) {
        if let Some(program) = &mut self.program {
            program.proceed();
        }
    }

    /// Starts it, unless it runs.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub fn start(&mut self) -> Result<()> {
        if self.program.is_some() {
            return Ok(());
        }
        let command = ["docker-registry", "serve", "config.yml"].map(Into::into).to_vec();
        let order = Order { name: "registry", directory: DIRECTORY, user: 0, environment: Vec::new(), command };
        let mut program = Daemon::start(&self.host, &order)?;
        program.ready(START, || Ok(self.call(Request::new("GET", "/v2/"))?.status == 200))?;
        self.program = Some(program);
        Ok(())
    }

    /// Stores an image under `name:tag` and returns the `url` of a WasmPlugin for it.
    ///
    /// # Errors
    /// If the registry refuses a part of the image.
    pub fn push(&self, name: &str, tag: &str, image: &Image) -> Result<String> {
        for blob in &image.blobs {
            let begun = self.expect(202, Request::new("POST", format!("/v2/{name}/blobs/uploads/")))?;
            let location = begun.header("location").map(String::from_utf8_lossy).unwrap_or_default();
            let path = location.split_once("/v2/").map(|(_, path)| path).unwrap_or_default();
            let path = format!("/v2/{path}&digest={}", digest(blob));
            let put = Request::new("PUT", path).header("content-type", "application/octet-stream");
            self.expect(201, put.body(blob.clone()))?;
        }
        let put = Request::new("PUT", format!("/v2/{name}/manifests/{tag}")).header("content-type", MANIFEST);
        let stored = self.expect(201, put.body(image.manifest.clone()))?;
        if stored.header("docker-content-digest") != Some(image.digest().as_bytes()) {
            return Err(Error::new("the registry computes another digest for the image"));
        }
        Ok(format!("oci://{}/{name}:{tag}", Self::address()))
    }

    /// Its machine.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Its log, with a line for each request.
    pub fn log(&self) -> String {
        self.program.as_ref().map(Daemon::log).unwrap_or_default()
    }

    fn expect(&self, status: u16, request: Request) -> Result<Response> {
        let what = format!("{} {}", request.method, request.path);
        let answer = self.call(request)?;
        match answer.status == status {
            true => Ok(answer),
            false => Err(Error::new(format!("{what}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)))),
        }
    }

    fn call(&self, request: Request) -> Result<Response> {
        let to = Self::address();
        let call =
            async move { Client::default().call(&Route::plain(to, Version::Http1), &to.to_string(), &request).await };
        self.within.run(call)?.map_err(Error::new)
    }
}

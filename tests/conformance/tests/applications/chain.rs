//! Three workloads in a row, each with a gate: `first` begins an instance, the application calls `last`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use stepgate_mesh::{Envoys, Inbound, Mesh, MeshSpec, Plugin, Request, Response, Seen, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::outcome::claims;
use stepgate_tests::trials::module;

const STEP: &str = "x-workflow-step";
const START: &str = "x-workflow-step-start";

/// Where gates put steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Header,
    Baggage,
}

/// A mesh whose applications are each in the middle of a row of their own.
pub(crate) struct Chain {
    mesh: Mesh,
    carrier: Carrier,
    applications: Vec<(&'static str, SocketAddr)>,
}

/// The answer to a request: that of `last`, which the application passes on.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The code of the denial.
    pub(crate) code: Option<String>,
    /// The instance that the request began.
    pub(crate) begun: Option<String>,
    /// The instance whose step `last` was given.
    pub(crate) ended: Option<String>,
}

impl Chain {
    pub(crate) fn start(carrier: Carrier, names: &[&'static str]) -> Self {
        let applications: Vec<_> = names.iter().copied().zip(free(names.len())).collect();
        let plugin = Plugin {
            module: module().unwrap(),
            configuration: configuration(carrier, names),
            environment: Corpus::read().unwrap().environment.0,
        };
        let workload = |name: &str| Workload::new(name, id(name)).gated_by(plugin.clone());
        let mut last = workload("last");
        // An application calls the address of its own proxy, and that leads here.
        last.hosts = vec!["*".to_owned()];
        let mut workloads = vec![workload("first"), last];
        workloads.extend(applications.iter().map(|(name, at)| {
            let one = workload(name);
            Workload { inbound: Inbound { application: Some(*at), ..one.inbound }, ..one }
        }));
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::OneForAll;
        spec.vms = Vms::Shared;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        Self { mesh, carrier, applications }
    }

    /// The address at which an application is to listen.
    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        self.applications.iter().find(|(one, _)| *one == name).unwrap().1
    }

    /// The URL of the way to `last` for an application.
    pub(crate) fn next(&self, name: &str) -> String {
        format!("http://{}", self.mesh.addresses(name).unwrap().egress)
    }

    /// `first` begins an instance at an application, with this name of its request.
    pub(crate) fn begin(&self, application: &str, request: &str) -> Answer {
        self.answer(&self.mesh.call("first", application, &post(request)).unwrap())
    }

    /// A request to an application that passed no gate, with these headers.
    pub(crate) fn past_the_gate(&self, application: &str, request: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers.iter().fold(post(request), |request, (name, value)| request.header(*name, *value));
        self.answer(&self.mesh.call_application(application, &request).unwrap())
    }

    /// The header with steps.
    pub(crate) fn header(&self) -> &'static str {
        match self.carrier {
            Carrier::Header => STEP,
            Carrier::Baggage => "baggage",
        }
    }

    /// The steps among the parts of that header.
    pub(crate) fn steps(&self, parts: Vec<String>) -> Vec<String> {
        match self.carrier {
            Carrier::Header => parts,
            Carrier::Baggage => parts.iter().filter_map(|part| part.strip_prefix("step=")).map(str::to_owned).collect(),
        }
    }

    fn answer(&self, response: &Response) -> Answer {
        let problem: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
        let start = response.header(START).map(|token| String::from_utf8(token.to_vec()).unwrap());
        // Of `last`, whatever the application has in front of it.
        let seen: Option<Seen> = response.seen().filter(|seen| seen.workload == "last");
        let given = seen.map(|seen| {
            let parts = seen.header(self.header()).flat_map(|line| line.split(',')).map(|part| part.trim().to_owned());
            let [token] = self.steps(parts.collect()).try_into().unwrap();
            instance(&token)
        });
        Answer {
            status: response.status,
            code: problem.and_then(|problem| problem["code"].as_str().map(str::to_owned)),
            begun: start.map(|token| instance(&token)),
            ended: given,
        }
    }
}

/// The instance of a token.
pub(crate) fn instance(token: &str) -> String {
    claims(token).unwrap()["txn"].as_str().unwrap().to_owned()
}

fn post(name: &str) -> Request {
    Request::new("POST", format!("/work/{name}"))
}

fn id(name: &str) -> String {
    format!("spiffe://cluster.local/ns/row/sa/{name}")
}

fn configuration(carrier: Carrier, names: &[&str]) -> String {
    let carrier = match carrier {
        Carrier::Header => "header",
        Carrier::Baggage => "baggage",
    };
    let middle: Vec<String> = names.iter().map(|name| format!("ns/row/sa/{name}")).collect();
    format!(
        r#"
carrier: {carrier}
keys: [{{workflow: row, kid: now, use: sign, env: KEY_FILM}}]
workflows:
  - workflow: row
    revision: 1
    trust_domain: cluster.local
    actors:
      first: {{spiffe: [ns/row/sa/first]}}
      middle: {{spiffe: [{}]}}
      last: {{spiffe: [ns/row/sa/last]}}
    tasks:
      begin: {{actor: first, initial: true}}
      work: {{actor: middle, requests: "POST /work/{{name}}"}}
      end: {{actor: last, requests: "POST /end/{{name}}"}}
    transitions:
      - begin -> work -> end
"#,
        middle.join(", ")
    )
}

/// So many addresses at which nobody listens. No other process takes ports of this IP address: it is made from our ID.
fn free(count: usize) -> Vec<SocketAddr> {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let listen = |_| TcpListener::bind((Ipv4Addr::new(127, 14, high, low), 0)).unwrap();
    let listeners: Vec<TcpListener> = (0..count).map(listen).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

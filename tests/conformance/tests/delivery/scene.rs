//! One Envoy, with the same gate in front of several ways to the same application.

use std::path::PathBuf;

use serde_json::{Value, json};
use stepgate_mesh::{AccessEntry, Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Response, Workload};
use stepgate_tests::environment::Environment;
use stepgate_tests::live::Mint;
use stepgate_tests::raw;

use crate::application::Application;

const OWNER: &str = "spiffe://delivery.example/owner";
const VFX: &str = "spiffe://delivery.example/vfx";
const GATE: &str = r#"
log: {permits: true}
keys: [{workflow: film, kid: now, use: sign, env: KEY}]
workflows:
  - workflow: film
    revision: 1
    trust_domain: delivery.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks:
      brief: {actor: owner, initial: true}
      shots: {actor: vfx, requests: [{methods: [POST], path: /shots}]}
      check: {actor: vfx, requests: [{methods: [POST], path: /check}]}
    transitions:
      - {from: brief, to: shots}
      - {from: shots, to: check, via: owner}
"#;
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;

/// Nothing between the gate and the application.
pub(crate) const PLAIN: &str = "plain";
/// The route tries again after every failure that Envoy knows.
pub(crate) const RETRIES: &str = "retries";
/// Filters behind the gate that refuse requests with these headers: RBAC, a JWT, a script that has read the body, a
/// limit on the body.
pub(crate) const FILTERS: &str = "filters";
/// Requests that are not complete within 300 ms are answered.
pub(crate) const TIMED: &str = "timed";
/// Selects the route: to no cluster, to one without hosts, to one that accepts no request, to an answer without an
/// application. Without it there is no route on [`ROUTES`].
pub(crate) const ROUTE: &str = "x-lab-route";
pub(crate) const ROUTES: &str = "routes";
/// The header that names the cluster of the route `named`.
pub(crate) const CLUSTER: &str = "x-lab-cluster";

/// The mesh, and the application behind all of its gates.
pub(crate) struct Scene {
    mesh: Mesh,
    owner: Credential,
    mint: Mint,
    instances: u32,
    pub(crate) application: Application,
}

impl Scene {
    pub(crate) fn start(envoy: Option<PathBuf>, workers: u32) -> Self {
        let module = stepgate_tests::trials::module().unwrap();
        let environment = Environment([("KEY".to_owned(), KEY.to_owned())].into());
        let plugin = Plugin { module, configuration: GATE.to_owned(), environment: environment.0.clone() };
        let application = Application::down();
        let workload = |name: &str| {
            let mut workload = Workload::new(name, VFX).gated_by(plugin.clone());
            workload.egress = None;
            workload.inbound.application = Some(application.address);
            workload
        };
        let mut retries = workload(RETRIES);
        let on = "5xx,gateway-error,reset,connect-failure,refused-stream,reset-before-request,retriable-4xx";
        let policy = json!({"retry_on": on, "num_retries": 3, "retry_back_off": {"base_interval": "0.005s"}});
        retries.inbound.routes = vec![json!({
            "match": {"prefix": "/"},
            "route": {"cluster": format!("inbound|8080||{RETRIES}"), "retry_policy": policy},
        })];
        let mut filters = workload(FILTERS);
        filters.inbound.filters = behind_the_gate();
        let mut timed = workload(TIMED);
        timed.inbound.manager = json!({"request_timeout": "0.3s"}).as_object().unwrap().clone();
        let mut routes = workload(ROUTES);
        routes.inbound.manager = json!({"route_config": route_config()}).as_object().unwrap().clone();
        routes.inbound.clusters = clusters(&application);
        let mut spec = MeshSpec::new(vec![workload(PLAIN), retries, filters, timed, routes]);
        spec.envoys = Envoys::OneForAll;
        spec.envoy = envoy;
        spec.concurrency = workers;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let owner = mesh.authority().issue(&[OWNER]).unwrap();
        Self { mesh, owner, mint: Mint::new(GATE, environment).unwrap(), instances: 0, application }
    }

    /// The first request of an instance for which the owner has its start token.
    pub(crate) fn request(&mut self) -> Request {
        self.instances += 1;
        let step = self.mint.step(("film", 1), "brief", "now", &format!("i-{}", self.instances)).unwrap();
        Request::new("POST", "/shots").header("x-workflow-step", step)
    }

    pub(crate) fn send(&self, site: &str, request: &Request) -> Response {
        self.mesh.call_directly(Some(&self.owner), site, request).unwrap()
    }

    /// Sends the head and half of the body, and waits for the answer.
    pub(crate) fn send_half(&self, site: &str, request: &Request) -> Response {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: x\r\n", request.method, request.path);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value)));
        }
        head.push_str("content-length: 10\r\n\r\nhalf.");
        let (to, server) = (self.mesh.addresses(site).unwrap().inbound, self.mesh.credential(site).unwrap());
        raw::call(to, server, Some(&self.owner), head.as_bytes()).unwrap()
    }

    /// What Envoy's own log says of the request with this `x-lab-id`. Envoy writes it some seconds later.
    pub(crate) fn entry(&self, site: &str, id: &str) -> AccessEntry {
        self.mesh.access_entry(site, id).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        self.mesh.log(PLAIN).unwrap()
    }

    pub(crate) fn stat(&self, name: &str) -> u64 {
        let stats = self.mesh.stats(PLAIN).unwrap();
        stats.iter().filter(|(stat, _)| stat.contains(name)).map(|(_, value)| value).sum()
    }
}

fn typed(name: &str, ty: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{ty}").into();
    json!({"name": format!("envoy.filters.http.{name}"), "typed_config": config})
}

fn has(header: &str) -> Value {
    json!({"name": header, "present_match": true})
}

fn behind_the_gate() -> Vec<Value> {
    let policy = json!({"permissions": [{"header": has("x-lab-rbac")}], "principals": [{"any": true}]});
    let keys = json!({"keys": [serde_json::from_str::<Value>(KEY).unwrap()]}).to_string();
    let jwt = json!({
        "providers": {"lab": {"issuer": "lab", "local_jwks": {"inline_string": keys}}},
        "rules": [{"match": {"prefix": "/", "headers": [has("x-lab-jwt")]}, "requires": {"provider_name": "lab"}}],
    });
    let script = r#"
function envoy_on_request(handle)
  if handle:headers():get("x-lab-lua") then
    handle:body()
    handle:respond({[":status"] = "503"}, "no")
  end
end
"#;
    vec![
        typed("rbac", "rbac.v3.RBAC", json!({"rules": {"action": "DENY", "policies": {"lab": policy}}})),
        typed("jwt_authn", "jwt_authn.v3.JwtAuthentication", jwt),
        typed("lua", "lua.v3.Lua", json!({"default_source_code": {"inline_string": script}})),
        typed("buffer", "buffer.v3.Buffer", json!({"max_request_bytes": 100})),
    ]
}

fn route_config() -> Value {
    let when = |value: &str| json!({"prefix": "/", "headers": [{"name": ROUTE, "string_match": {"exact": value}}]});
    let to = |value: &str, cluster: &str| json!({"match": when(value), "route": {"cluster": cluster}});
    let mirrors = json!({"cluster": "nobody", "request_mirror_policies": [{"cluster": "application"}]});
    let routes = json!([
        to("application", "application"),
        to("empty", "empty"),
        to("narrow", "narrow"),
        to("two", "two"),
        {"match": when("named"), "route": {"cluster_header": CLUSTER}},
        {"match": when("direct"), "direct_response": {"status": 200}},
        {"match": when("mirror"), "route": mirrors},
    ]);
    json!({"name": "lab", "virtual_hosts": [{"name": "lab", "domains": ["*"], "routes": routes}]})
}

fn clusters(application: &Application) -> Vec<Value> {
    let endpoint =
        |at: &str, port: u16| json!({"endpoint": {"address": {"socket_address": {"address": at, "port_value": port}}}});
    let own = endpoint(&application.address.ip().to_string(), application.address.port());
    let dead = endpoint("127.77.0.1", 1);
    let cluster = |name: &str, endpoints: Value| {
        json!({
            "name": name,
            "type": "STATIC",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        })
    };
    let mut narrow = cluster("narrow", json!([own]));
    narrow["circuit_breakers"] = json!({"thresholds": [{"max_pending_requests": 0}]});
    vec![
        cluster("application", json!([own])),
        cluster("empty", json!([])),
        cluster("nobody", json!([dead])),
        cluster("two", json!([dead, own])),
        narrow,
    ]
}

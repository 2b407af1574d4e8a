//! One Envoy, and the same gate behind several settings.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use serde_json::json;
use stepgate_decision::CanonicalPath;
use stepgate_mesh::{
    Credential, Envoys, Mesh, MeshSpec, PathNormalization, Plugin, Response, Seen, Version, Workload, connect,
};
use stepgate_tests::outcome::claims;
use stepgate_tests::raw::Raw;
use tokio::runtime::Runtime;

use crate::upstream::Upstream;

const GATE: &str = r#"
exempt: [{methods: [GET], path: /healthz, peers: anyone}]
keys: [{workflow: film, kid: now, use: sign, env: KEY}]
log: {permits: true, denials_per_second: 10000}
workflows:
  - workflow: film
    revision: 1
    trust_domain: wire.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks:
      brief: {actor: owner, initial: true}
      shots: {actor: vfx, requests: [{methods: [POST], path: "/shots/{id}"}, {methods: [POST], path: "/film.Vfx/{call}"}]}
      socket: {actor: vfx, upgrade: [websocket], requests: [{methods: [GET], path: "/socket/{id}"}]}
      link: {actor: vfx, upgrade: [other], requests: [{methods: [GET], path: "/link/{id}"}]}
      extra: {actor: vfx, requests: [{methods: [POST], path: "/extra/{id}"}]}
      check: {actor: vfx, requests: [{methods: [POST], path: /check}]}
      cancel: {actor: vfx, requests: [{methods: [POST], path: "/shots/{id}:cancel"}]}
      ended: {actor: vfx, requests: [{methods: [POST], path: /end/}]}
      end: {actor: vfx, requests: [{methods: [POST], path: /end}]}
      cafe: {actor: vfx, requests: [{methods: [POST], path: "/café/{id}"}]}
      refund: {actor: vfx, requests: [{methods: [POST], path: /tool, headers: {x-tool: refund}}]}
      look: {actor: vfx, requests: [{methods: [POST], path: /tool, headers: {x-tool: look}}]}
    transitions:
      - {from: brief, to: shots}
      - {from: brief, to: socket}
      - {from: brief, to: link}
      - {from: brief, to: extra}
      - {from: brief, to: cancel}
      - {from: brief, to: ended}
      - {from: brief, to: end}
      - {from: brief, to: cafe}
      - {from: brief, to: refund}
      - {from: brief, to: look}
      - {from: shots, to: check, via: owner}
"#;
/// A gate with an interlock, whose task and exemption accept any method.
const ECHO_GATE: &str = r#"
interlock: {env: [INTERLOCK]}
exempt: [{path: "/exempt/{id}", peers: anyone}]
keys: [{workflow: echo, kid: now, use: sign, env: KEY}]
workflows:
  - workflow: echo
    revision: 1
    trust_domain: wire.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks:
      brief: {actor: owner, initial: true}
      begun: {actor: vfx, requests: [{path: /task/begun}]}
      other: {actor: vfx, requests: [{path: "/task/{id}"}]}
    transitions: [{from: brief, to: begun}, {from: brief, to: other}]
"#;
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;

/// The mesh's defaults: Envoy's own limits, paths unchanged.
pub(crate) const PLAIN: &str = "plain";
/// Asks the application before a caller may send its body.
pub(crate) const ASKS: &str = "asks";
/// Treats callers from private networks as internal, as Envoy did by default before 1.33 and as a mesh may configure:
/// their `x-envoy-` headers have an effect.
pub(crate) const TRUSTS: &str = "trusts";
/// Each kind of path normalisation.
pub(crate) const PATHS: [(&str, PathNormalization); 4] = [
    ("paths-none", PathNormalization::None),
    ("paths-base", PathNormalization::Base),
    ("paths-merge", PathNormalization::MergeSlashes),
    ("paths-decode", PathNormalization::DecodeAndMergeSlashes),
];

/// In front of a gate that accepts any method; and of the same gate, which only observes.
pub(crate) const ECHO: &str = "echo";
pub(crate) const WATCHED_ECHO: &str = "watched-echo";

/// In front of an application that writes responses byte by byte.
pub(crate) const RAW: &str = "raw";

/// The longest that any step may take here.
const PATIENCE: Duration = Duration::from_secs(60);

/// One Envoy with its gates, and a caller: `owner`, who may begin instances.
pub(crate) struct Wire {
    mesh: Mesh,
    owner: Credential,
    runtime: Runtime,
    pub(crate) upstream: Upstream,
}

impl Wire {
    pub(crate) fn start(envoy: Option<PathBuf>, workers: u32) -> Self {
        let module = stepgate_tests::trials::module().unwrap();
        let plugin =
            Plugin { module, configuration: GATE.to_owned(), environment: [("KEY".to_owned(), KEY.to_owned())].into() };
        let workload = |name: &str, normalization, settings: serde_json::Value| {
            let mut workload = Workload::new(name, "spiffe://wire.example/vfx").gated_by(plugin.clone());
            workload.egress = None;
            workload.inbound.path_normalization = normalization;
            workload.inbound.manager = settings.as_object().unwrap().clone();
            workload
        };
        let mut workloads = vec![
            workload(
                PLAIN,
                PathNormalization::None,
                json!({"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "other"}]}),
            ),
            workload(ASKS, PathNormalization::None, json!({"proxy_100_continue": true})),
            workload(
                TRUSTS,
                PathNormalization::None,
                json!({"internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}}),
            ),
        ];
        workloads.extend(PATHS.map(|(name, normalization)| workload(name, normalization, json!({}))));
        let runtime = Runtime::new().unwrap();
        let upstream = runtime.block_on(Upstream::start());
        let mut raw = workload(RAW, PathNormalization::None, json!({}));
        raw.inbound.application = Some(upstream.address);
        workloads.push(raw);
        for (site, mode) in [(ECHO, "enforce"), (WATCHED_ECHO, "observe")] {
            let mut echo = workload(site, PathNormalization::None, json!({}));
            echo.inbound.plugin = Some(Plugin {
                module: plugin.module.clone(),
                configuration: format!("mode: {mode}{ECHO_GATE}"),
                environment: [("KEY", KEY), ("INTERLOCK", "a-secret-of-this-test")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            });
            workloads.push(echo);
        }
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::OneForAll;
        spec.envoy = envoy;
        spec.concurrency = workers;
        let mesh = Mesh::start(spec).unwrap();
        let owner = mesh.authority().issue(&["spiffe://wire.example/owner"]).unwrap();
        Self { mesh, owner, runtime, upstream }
    }

    /// Waits for it, but not for ever.
    pub(crate) fn block<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, what).await.expect("it hangs") })
    }

    pub(crate) async fn raw(&self, site: &str) -> Raw {
        let (to, server) = (self.mesh.addresses(site).unwrap().inbound, self.mesh.credential(site).unwrap());
        Raw::open(to, server, Some(&self.owner)).await.unwrap()
    }

    pub(crate) async fn tls(
        &self,
        site: &str,
    ) -> impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {
        let (to, server) = (self.mesh.addresses(site).unwrap().inbound, self.mesh.credential(site).unwrap());
        connect(to, server, Some(&self.owner), Version::Http2).await.unwrap()
    }

    pub(crate) async fn http2(&self, site: &str) -> SendRequest<Bytes> {
        let (sender, connection) = h2::client::handshake(self.tls(site).await).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// Begins an instance and returns its start token.
    pub(crate) async fn begin(&self, site: &str, path: &str) -> String {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        let response = self.raw(site).await.exchange(head.as_bytes()).await.unwrap();
        assert_eq!(response.status, 200, "{}", code(&response));
        String::from_utf8(response.header("x-workflow-step-start").unwrap().to_vec()).unwrap()
    }

    /// The requests for a path that the application saw.
    pub(crate) fn seen(&self, site: &str, path: &str) -> Vec<Seen> {
        let seen = self.mesh.seen(site).unwrap().into_iter();
        seen.filter(|seen| seen.path == path).collect()
    }

    /// How often the gates permitted a path.
    pub(crate) fn permits(&self, path: &str) -> usize {
        let path = format!(r#""path":"{path}""#);
        self.log().lines().filter(|line| line.contains(r#""stepgate":"permit""#) && line.contains(&path)).count()
    }

    pub(crate) fn log(&self) -> String {
        self.mesh.log(PLAIN).unwrap()
    }

    /// Waits until the condition is true.
    pub(crate) fn until(&self, what: &str, is: impl Fn() -> bool) {
        let found = stepgate_mesh::until(PATIENCE, || is().then_some(()));
        assert!(found.is_some(), "{what}: not within {} s", PATIENCE.as_secs());
    }
}

/// The code of a denial, or a description of another response.
pub(crate) fn code(response: &Response) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let code = problem.as_ref().and_then(|problem| problem["code"].as_str());
    code.map_or_else(|| format!("status {}", response.status), str::to_owned)
}

/// Every application saw only requests that its gate permitted: one step, of a task that accepts this very request, on
/// a path that has one reading and that the gate itself named in its log.
pub(crate) fn only_the_permitted(wire: &Wire) {
    let log = wire.log();
    for line in log.lines() {
        assert!(!line.contains(r#""stepgate":"trouble""#) && !line.contains("panic"), "{line}");
    }
    let permitted: BTreeSet<String> = log.lines().filter_map(permitted).collect();
    let mut all = 0;
    for site in [PLAIN, ASKS].into_iter().chain(PATHS.map(|(name, _)| name)) {
        for seen in wire.mesh.seen(site).unwrap() {
            all += 1;
            let path = seen.path.split('?').next().unwrap();
            let steps: Vec<&str> = seen.header("x-workflow-step").collect();
            if (seen.method.as_str(), path) == ("GET", "/healthz") {
                assert!(steps.is_empty(), "{seen:?}");
                continue;
            }
            assert!(CanonicalPath::of(&seen.path).is_ok(), "{seen:?}");
            assert!(permitted.contains(path), "{path} was seen, but is not in the log");
            let [step] = steps.as_slice() else { panic!("{} steps: {seen:?}", steps.len()) };
            let task = claims(step).unwrap()["wf"]["task"].as_str().unwrap().to_owned();
            let shape = path.trim_start_matches('/').split('/').collect::<Vec<_>>();
            let takes = match (task.as_str(), shape.as_slice()) {
                ("shots", ["shots", id]) => {
                    let decoded = id.to_ascii_lowercase().replace("%3a", ":");
                    seen.method == "POST" && !id.is_empty() && !decoded.ends_with(":cancel")
                }
                ("shots", ["film.Vfx", id]) | ("extra", ["extra", id]) => seen.method == "POST" && !id.is_empty(),
                ("cancel", ["shots", id]) => {
                    let decoded = id.to_ascii_lowercase().replace("%3a", ":");
                    id.strip_suffix(":cancel").is_some_and(|id| !id.is_empty())
                        && decoded.matches(":cancel").count() == 1
                }
                ("ended", ["end", ""]) | ("end", ["end"]) => true,
                ("cafe", [first, id]) => first.eq_ignore_ascii_case("caf%C3%A9") && !id.is_empty(),
                ("refund" | "look", ["tool"]) => {
                    // Whatever name some server takes for it.
                    let is = |name: &str| name.replace(['_', '.'], "-") == "x-tool";
                    let tools = seen.headers.iter().filter(|(name, _)| is(name));
                    tools.map(|(_, value)| value.as_str()).eq([task.as_str()])
                }
                ("socket", ["socket", id]) => seen.header("upgrade").next() == Some("websocket") && !id.is_empty(),
                ("link", ["link", id]) => seen.header("upgrade").next() == Some("other") && !id.is_empty(),
                _ => false,
            };
            assert!(takes, "{task}: {seen:?}");
        }
    }
    assert!(all > 50, "only {all} requests were seen");
}

fn permitted(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line.get(line.find(r#"{"stepgate":"permit""#)?..)?).ok()?;
    line["path"].as_str().map(str::to_owned)
}

//! Callers who are not actors: in another namespace, without a sidecar, with other certificates.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use stepgate_cluster_tests::{Authority, Error, Pod, Result, Workload, until};

use crate::fixture::Fixture;
use crate::requests::{INTERLOCK_HEADER, SOON, code, post};

pub(crate) fn of_another_namespace(fixture: &mut Fixture) -> Result<()> {
    fixture.cluster.namespace("rivals")?;
    // The same name and service account in another namespace.
    let rival = fixture.cluster.pod(Pod::named("owner").namespace("rivals"))?;
    let interlock = fixture.interlock("vfx-1")?;
    let before = fixture.pod("vfx-1").count();
    for request in [post("/shots/5"), post("/shots/5").header(INTERLOCK_HEADER, interlock)] {
        let answer = rival.call(&fixture.cluster, "vfx-1.movie", &request)?;
        assert_eq!((answer.status, code(&answer).as_deref()), (403, Some("OUTSIDER")));
    }
    assert_eq!(fixture.pod("vfx-1").count(), before);
    fixture.cluster.remove(rival)
}

pub(crate) fn without_a_sidecar(fixture: &mut Fixture) -> Result<()> {
    let stranger =
        fixture.cluster.pod(Pod::named("plain").namespace("movie").service_account("owner").without_sidecar())?;
    let target = fixture.pod("vfx-1");
    let before = target.count();
    let interlock = fixture.interlock("vfx-1")?;
    let request = format!(
        "POST /shots/6 HTTP/1.1\r\nhost: vfx-1\r\n{INTERLOCK_HEADER}: {interlock}\r\ncontent-length: 0\r\n\r\n"
    );
    // Istio leaves 15090, 15021 and 15020 open for metrics and health; no other port may answer.
    for port in [8080, 80, 15000, 15001, 15004, 15006] {
        let to = (target.address().ip(), port).into();
        let answer = stranger.raw(to, request.as_bytes()).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&answer), "", "port {port}");
    }
    // The counterpart: with permissive mTLS the gate answers the same bytes.
    fixture.apply_changed("mode: STRICT", "mode: PERMISSIVE")?;
    until(SOON, "a plain request to be answered", || {
        let answer = String::from_utf8_lossy(&stranger.raw(target.address(), request.as_bytes())?).into_owned();
        Ok(answer.contains("NO_PEER").then_some(()))
    })?;
    fixture.apply_original()?;
    until(SOON, "a plain request to be refused again", || {
        Ok(stranger.raw(target.address(), request.as_bytes())?.is_empty().then_some(()))
    })?;
    assert_eq!(target.count(), before);
    fixture.cluster.remove(stranger)
}

pub(crate) fn with_other_certificates(fixture: &mut Fixture) -> Result<()> {
    let stranger =
        fixture.cluster.pod(Pod::named("thief").namespace("movie").service_account("owner").without_sidecar())?;
    let foreign = Authority::create()?;
    let owner = "spiffe://cluster.local/ns/movie/sa/owner";
    let before = fixture.pod("vfx-1").count();
    let refused = [
        ("a foreign authority", &foreign, owner),
        ("a foreign domain", fixture.cluster.authority(), "spiffe://rivals.example/ns/movie/sa/owner"),
        ("no SPIFFE ID", fixture.cluster.authority(), "https://cluster.local/ns/movie/sa/owner"),
    ];
    for (what, authority, identity) in refused {
        let answer = over_tls(fixture, &stranger, Some(&authority.issue(identity)?), BEGIN)?;
        assert!(!answer.contains("HTTP/1.1"), "{what}: {answer}");
    }
    let answer = over_tls(fixture, &stranger, None, BEGIN)?;
    assert!(!answer.contains("HTTP/1.1"), "no certificate: {answer}");
    assert_eq!(fixture.pod("vfx-1").count(), before);
    // The counterpart: with the right certificate the same bytes are permitted.
    let answer = over_tls(fixture, &stranger, Some(&fixture.cluster.authority().issue(owner)?), BEGIN)?;
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    // With another actor's certificate TLS accepts them, and the gate denies them.
    let answer = over_tls(
        fixture,
        &stranger,
        Some(&fixture.cluster.authority().issue("spiffe://cluster.local/ns/movie/sa/hdr")?),
        BEGIN,
    )?;
    assert!(answer.contains("HTTP/1.1 403") && answer.contains("\"code\""), "{answer}");
    fixture.cluster.remove(stranger)
}

const BEGIN: &str =
    "POST /shots/7 HTTP/1.1\r\nhost: vfx-1.movie.svc.cluster.local\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Sends one request to vfx-1 with `openssl s_client`, and returns the answer.
pub(crate) fn over_tls(
    fixture: &Fixture,
    from: &Workload,
    credential: Option<&(String, String)>,
    request: &str,
) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let mut command = from.host().command("openssl");
    let to = fixture.pod("vfx-1").address().to_string();
    command.args(["s_client", "-quiet", "-no_ign_eof", "-alpn", "istio-http/1.1,istio,http/1.1", "-connect", &to]);
    if let Some((certificate, key)) = credential {
        for (option, text) in [("-cert", certificate), ("-key", key)] {
            let path = folder.path().join(option);
            fs::write(&path, text)?;
            command.arg(option).arg(path);
        }
    }
    answer_of(&mut command, request)
}

/// Sends a request through `openssl s_client`, and returns the answer.
pub(crate) fn answer_of(s_client: &mut Command, request: &str) -> Result<String> {
    let mut child = s_client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| Error::new("no standard input"))?;
    // If the peer has closed the connection already, the answer is empty.
    let _ = stdin.write_all(request.as_bytes());
    let _ = stdin.flush();
    // The peer closes the connection. `s_client` would stop reading at the end of its input, so that is kept open.
    let done = child.wait_with_output();
    drop(stdin);
    Ok(String::from_utf8_lossy(&done?.stdout).into_owned())
}

//! Ready-made curl lines for a lab that is left running.

use std::fmt::Write;

use stepgate_config::workflow::ExampleRequest;

use super::LabError;
use super::attempt::HEADER;
use super::fixture::Fixture;
use super::shell::command;
use stepgate_mesh::Mesh;

/// Lines that walk an instance by hand, through the senders' own Envoys.
pub(super) fn curl_lines(fixture: &Fixture, mesh: &Mesh) -> Result<String, LabError> {
    let mut text = String::from(
        "\nThe lab keeps running; Ctrl-C ends it. Each line is sent by an actor through its own listener:\n\n",
    );
    for transition in &fixture.workflow.transitions {
        let first = |actor| fixture.workloads.turn(actor, 0).map(|one| one.name.as_str());
        let (Some(from), Some(to)) = (first(&transition.caller), first(&transition.to.performer)) else { continue };
        let ExampleRequest { method, path, host, port, headers: named } = transition.to.example();
        if let Some(port) = port {
            let _ = writeln!(text, "# {transition}: at port {port}, to which these listeners do not lead");
            continue;
        }
        let at = mesh.addresses(from)?.egress;
        let begins = transition.from.initial && !transition.via;
        let host = format!("host: {}", host.as_deref().unwrap_or(to));
        let query = &fixture.circumstances.query;
        let target = format!("http://{at}{path}{}{query}", if query.is_empty() { "" } else { "?" });
        let headers =
            fixture.circumstances.headers.iter().chain(&named).map(|(name, value)| format!("{name}: {value}"));
        let headers: Vec<String> = headers.flat_map(|line| ["-H".to_owned(), line]).collect();
        let words = ["curl", "-si", "--path-as-is", "-X", &method, "-H", &host].into_iter();
        let call = command(words.chain(headers.iter().map(String::as_str)).chain([target.as_str()]));
        let (note, step) = if begins {
            (", which begins an instance", String::new())
        } else {
            ("", format!(" -H \"{HEADER}: $STEP\""))
        };
        let _ = writeln!(text, "# {transition}{note}\n{call}{step}");
    }
    for one in fixture.workloads.all() {
        if fixture.workloads.turn(&one.actor, 0).is_none_or(|first| first.name != one.name) {
            let _ = writeln!(text, "# {} sends through http://{}", one.name, mesh.addresses(&one.name)?.egress);
        }
    }
    let _ = writeln!(
        text,
        "\nSTEP is the `{HEADER}` that the application at `from` saw: the small service behind each actor answers with\n\
         all headers that it saw. At a join, it is those of all branches, with commas between them. Of a transition with\n\
         `via`, it is the `{HEADER}` in the answer to the call before. Each line calls an actor's first workload: where\n\
         a constraint requires another one, put its name after `host:`, and send what follows through its own address.\n\
         Logs, certificates and Envoys' admin addresses: {}",
        mesh.directory().display()
    );
    Ok(text)
}

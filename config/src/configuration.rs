//! From the tree of a gate's configuration to the checked configuration.

mod egress;
mod exempt;
mod keys;
mod observing;
mod overlap;
mod revoked;
mod stranger;
mod workflows;

use crate::PEOPLE;
use crate::bounds::MAX_STORED;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, mode};
use crate::gate::{
    Carrier, CryptoSource, Direction, Exemption, GateConfig, KeySource, KeySpec, LogLimits, PeerSource, Rate,
};
use crate::report::quote;
use crate::schema::{Fields, rate};
use crate::sizes::{self, Sizes};
use crate::spiffe::SpiffeId;
use crate::syntax::{Node, json_len};
use crate::workflow::Assurance;

/// Reads a gate's configuration; `fields` has been checked against the schema. None where there are errors, which are
/// then in the report.
pub(crate) fn read(fields: Fields<'_, '_>, root: &Node<'_>, context: &mut Context<'_>) -> Option<GateConfig> {
    if let Some(size) = PEOPLE.then(|| json_len(root)).filter(|size| *size > MAX_STORED) {
        let message = words!("this configuration has about {size} bytes as JSON");
        let large =
            Diagnostic::new(Code::Large, root.head_span(), message).label(words!("more than {MAX_STORED} bytes"));
        context.report.push(large.help(
            "a cluster stores objects of up to 1.5 MiB: give each gate only the workflows that its actors are in",
        ));
    }
    context.leeway = fields.duration("leeway");
    let documents = workflows::read(fields, context);
    if PEOPLE {
        workflows::check_modes(&documents, fields.text("mode").and_then(mode), context);
        observing::check(fields, &documents, context);
    }
    let own = fields.text("self").and_then(|text| SpiffeId::try_from(text.as_bytes()).ok());
    let exempt = exempt::read(fields, context);
    let egress = egress::read(fields, &documents, context);
    if PEOPLE {
        stranger::check(fields, &documents, own.as_ref(), context);
        egress::check_hosts(fields, &documents, own.as_ref(), context);
        overlap::check(&exempt, &documents, own.as_ref(), context);
    }
    check_named_headers(fields, &documents, &exempt, context);
    let keys = keys::read(fields, &documents, context);
    let revoked = revoked::read(fields, &documents, &keys, context);
    if PEOPLE {
        keys::check_forgotten(&keys, &revoked, context);
    }
    check_baggage(fields, &documents, context);
    check_interlock(fields, &keys, context);
    if context.report.errors() > 0 {
        return None;
    }
    Some(GateConfig {
        mode: fields.text("mode").and_then(mode)?,
        header: fields.text("header")?.to_owned(),
        carrier: match fields.text("carrier")? {
            "header" => Carrier::Header,
            "baggage" => Carrier::Baggage,
            _ => return None,
        },
        direction: match fields.text("direction")? {
            "auto" => Direction::Auto,
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return None,
        },
        own,
        peer_source: match fields.text("peer_source")? {
            "connection" => PeerSource::Connection,
            other => PeerSource::FilterState(other.strip_prefix("filter_state:")?.to_owned()),
        },
        crypto: match fields.text("crypto")? {
            "auto" => CryptoSource::Auto,
            "rust" => CryptoSource::Rust,
            _ => return None,
        },
        leeway: fields.duration("leeway")?,
        interlock: interlock(fields),
        egress,
        exempt: exempt.into_iter().map(|(exemption, _)| exemption).collect(),
        keys: keys.into_iter().map(|(key, _)| key).collect(),
        revoked,
        starts: starts(fields),
        log: log(fields)?,
        workflows: workflows::with_open_revisions(documents)?,
    })
}

/// The gate writes and removes the header of steps.
fn check_named_headers(
    fields: Fields<'_, '_>,
    documents: &[Document],
    exempt: &[(Exemption, Span)],
    context: &mut Context<'_>,
) {
    let Some(header) = fields.text("header") else { return };
    let is_own = |name: &str| name.strip_prefix(header).is_some_and(|rest| matches!(rest, "" | "-start"));
    for transition in documents.iter().flat_map(|document| &document.draft.transitions) {
        let mut read = transition.when.iter().flat_map(|guard| &guard.reads().headers);
        // Servers take `_` and `.` for `-`.
        if read.any(|name| is_own(&name.replace(['_', '.'], "-"))) {
            let message = words!("a guard reads {}, the header of steps", quote(header));
            context.report.add(Code::BadHeader, transition.span, message, "the gate writes and removes this header");
        }
    }
    let tasks = documents.iter().flat_map(|document| &document.draft.tasks);
    let tasks = tasks.map(|task| (task.requests.as_slice(), task.requests_span.unwrap_or(task.span)));
    let exempt = exempt.iter().map(|(exemption, span)| (std::slice::from_ref(&exemption.request), *span));
    for (requests, span) in tasks.chain(exempt) {
        let mut named = requests.iter().flat_map(|request| request.headers.iter());
        if named.any(|(name, _)| is_own(name)) {
            let message = words!("a request is told apart by {}, the header of steps", quote(header));
            context.report.add(Code::BadHeader, span, message, "the gate writes and removes this header");
        }
    }
}

/// A plain step has slashes, which libraries encode when they propagate baggage.
fn check_baggage(fields: Fields<'_, '_>, documents: &[Document], context: &mut Context<'_>) {
    let Some(carrier) = fields.get("carrier").filter(|_| fields.text("carrier") == Some("baggage")) else { return };
    let most = Carrier::Baggage.largest_token();
    for (draft, workflow) in
        documents.iter().filter_map(|document| Some((&document.draft, document.workflow.as_ref()?)))
    {
        sizes::check_token(&Sizes::of(workflow), most, draft.span, &mut context.report);
    }
    let plain =
        documents.iter().map(|document| &document.draft).find(|draft| draft.assurance == Some(Assurance::Identity));
    if let Some(draft) = plain {
        let wrong =
            Diagnostic::new(Code::BadValue, carrier.node.span, "baggage cannot carry steps of level `identity`");
        context.report.push(
            wrong
                .label("libraries would encode the slashes of a plain step")
                .also(draft.span, "this workflow has level `identity`")
                .help("use `carrier: header`, or `assurance: signed`"),
        );
    }
}

/// The application receives the interlock's value with every request, so it must not be a key.
fn check_interlock(fields: Fields<'_, '_>, keys: &[(KeySpec, Span)], context: &mut Context<'_>) {
    let secrets = interlock(fields);
    for (key, span) in keys {
        let KeySource::Env(env) = &key.source else { continue };
        if secrets.contains(env) {
            let message = words!("the variable {} is both an interlock secret and a key", quote(env));
            let shared = Diagnostic::new(Code::SharedVariable, *span, message);
            context.report.push(
                shared
                    .label("this key would be sent to the application with every request")
                    .help("use another variable for the interlock, with a random string of 16 characters or more"),
            );
        }
    }
}

fn interlock(fields: Fields<'_, '_>) -> Vec<String> {
    let inner = fields.get("interlock").and_then(|field| fields.inner("interlock", field.node));
    let names = inner.map_or(&[][..], |interlock| interlock.items("env"));
    names.iter().filter_map(Node::text).map(str::to_owned).collect()
}

fn starts(fields: Fields<'_, '_>) -> Option<Rate> {
    let limits = fields.get("limits").and_then(|field| fields.inner("limits", field.node));
    limits.and_then(|limits| limits.text("starts")).and_then(rate)
}

fn log(fields: Fields<'_, '_>) -> Option<LogLimits> {
    // Without `log`, the defaults of its keys.
    let empty = Node { span: fields.head_span(), kind: crate::syntax::Kind::Map(Vec::new()) };
    let node = fields.get("log").map_or(&empty, |field| field.node);
    let log = fields.inner("log", node)?;
    Some(LogLimits {
        denials_per_second: log.u32("denials_per_second")?,
        permits: log.flag("permits").unwrap_or_default(),
        instances: log.flag("instances").unwrap_or(true),
    })
}

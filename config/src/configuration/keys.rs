//! The keys of a gate.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, Draft};
use crate::gate::{KeySource, KeySpec, KeyUse, Revoked};
use crate::jwk;
use crate::key_owner::KeyOwner;
use crate::name::{ActorName, Kid, WorkflowName};
use crate::proposal;
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::{SortedMap, SortedSet};
use crate::syntax::{Kind, to_json};

pub(super) fn read(fields: Fields<'_, '_>, documents: &[Document], context: &mut Context<'_>) -> Vec<(KeySpec, Span)> {
    let drafts: Vec<&Draft> = documents.iter().map(|document| &document.draft).collect();
    let mut keys = Vec::new();
    for inner in fields.items("keys").iter().filter_map(|node| fields.inner("keys", node)) {
        if let Some(key) = self::key(inner, context) {
            check_owner(inner, &key, &drafts, context);
            keys.push((key, inner.text_and_span("kid").map_or(inner.head_span(), |(_, span)| span)));
        }
    }
    check_duplicates(&keys, context);
    check_variables(&keys, context);
    check_signing_keys(&keys, &drafts, fields, context);
    keys
}

fn key(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Option<KeySpec> {
    let key_use = match fields.text("use")? {
        "sign" => KeyUse::Sign,
        "verify" => KeyUse::Verify,
        _ => return None,
    };
    let kid = Kid::try_from(fields.text("kid")?).ok()?;
    let source = source(fields, &kid, key_use, context)?;
    Some(KeySpec {
        workflow: WorkflowName::try_from(fields.text("workflow")?).ok()?,
        actor: match fields.text("actor")? {
            "*" => None,
            name => Some(ActorName::try_from(name).ok()?),
        },
        kid,
        key_use,
        source,
    })
}

fn source(fields: Fields<'_, '_>, kid: &Kid, key_use: KeyUse, context: &mut Context<'_>) -> Option<KeySource> {
    match (fields.get("env"), fields.get("jwk")) {
        (Some(_), None) => fields.text("env").map(|name| KeySource::Env(name.to_owned())),
        (None, Some(field)) => {
            if !matches!(field.node.kind, Kind::Map(_)) {
                return None;
            }
            if key_use == KeyUse::Sign {
                let public = Diagnostic::new(Code::BadKey, field.key_span, "a public key cannot sign");
                let help = "use `env`, with the private JWK in that environment variable";
                context.report.push(public.label("a public key").help(help));
                return None;
            }
            let jwk = to_json(field.node).to_string();
            if let Err(error) = jwk::check_public(&jwk, kid.as_str()) {
                let message = words!("the JWK of key {} cannot be used", quote(kid.as_str()));
                context.report.add(Code::BadKey, field.key_span, message, words!("{error}"));
                return None;
            }
            Some(KeySource::Jwk(jwk))
        }
        (both, _) => {
            let message = "a key requires exactly one of `env` and `jwk`";
            let label = if both.is_some() { "this one has both" } else { "this one has neither" };
            context.report.add(Code::BadKey, fields.head_span(), message, label);
            None
        }
    }
}

/// Checks that the workflow and the actor of a key are here. A missing workflow is a warning: a key may outlive it. A
/// missing actor is an error, since it is a typing error.
fn check_owner(fields: Fields<'_, '_>, key: &KeySpec, drafts: &[&Draft], context: &mut Context<'_>) {
    let named = |draft: &&&Draft| draft.name.as_ref() == Some(&key.workflow);
    let own: Vec<&&Draft> = drafts.iter().filter(named).collect();
    if own.is_empty() {
        if !PEOPLE {
            return;
        }
        let names: Vec<&str> =
            drafts.iter().filter_map(|draft| draft.name.as_ref()).map(WorkflowName::as_str).collect();
        let help = context.report.did_you_mean(key.workflow.as_str(), names);
        let span = fields.text_and_span("workflow").map_or(fields.head_span(), |(_, span)| span);
        let message = words!("key for unknown workflow {}", quote(key.workflow.as_str()));
        let absent = Diagnostic::new(Code::Absent, span, message).label("this key is never used");
        return context.report.push(absent.maybe_help(help));
    }
    match &key.actor {
        Some(actor) if own.iter().all(|draft| draft.actor_index(actor.as_str()).is_none()) => {
            let actors = own.iter().flat_map(|draft| &draft.actors).map(|actor| actor.name.as_str());
            let help = context.report.did_you_mean(actor.as_str(), actors.collect::<Vec<_>>());
            let span = fields.text_and_span("actor").map_or(fields.head_span(), |(_, span)| span);
            let message = words!("key for unknown actor {} of {}", quote(actor.as_str()), quote(key.workflow.as_str()));
            let unknown = Diagnostic::new(Code::UnknownActor, span, message).label("no actor has this name");
            context.report.push(unknown.maybe_help(help));
        }
        Some(_) => {}
        None if PEOPLE && matches!(key.source, KeySource::Env(_)) => check_shared(fields, key, &own, context),
        None => {}
    }
}

/// Warns of one secret for actors of several trust domains: a workload that reads it in one of them can sign for all.
fn check_shared(fields: Fields<'_, '_>, key: &KeySpec, own: &[&&Draft], context: &mut Context<'_>) {
    let ids = own.iter().flat_map(|draft| &draft.actors).flat_map(|actor| &actor.spiffe);
    let domains: SortedSet<&str> = ids.map(|(id, _)| id.trust_domain()).collect();
    if domains.len() > 1 {
        let message =
            words!("actors of {} trust domains share one key of {}", domains.len(), quote(key.workflow.as_str()));
        let span = fields.text_and_span("kid").map_or(fields.head_span(), |(_, span)| span);
        let shared = Diagnostic::new(Code::SharedKey, span, message).label("this key is for every actor");
        let help = "a workload that reads it in one domain can sign for all: give each actor an ES256 or EdDSA key";
        context.report.push(shared.help(help));
    }
}

fn check_duplicates(keys: &[(KeySpec, Span)], context: &mut Context<'_>) {
    let mut kids: SortedMap<(&WorkflowName, &Kid), Span> = SortedMap::new();
    let mut signers: SortedMap<(&WorkflowName, Option<&ActorName>), Span> = SortedMap::new();
    for (key, span) in keys {
        if let Some(first) = kids.get(&(&key.workflow, &key.kid)) {
            let message =
                words!("the key {} of {} appears twice", quote(key.kid.as_str()), quote(key.workflow.as_str()));
            let duplicate = Diagnostic::new(Code::Duplicate, *span, message).label("again here");
            let taken =
                |kid: &str| keys.iter().any(|(other, _)| other.workflow == key.workflow && other.kid.as_str() == kid);
            let own = PEOPLE.then(|| words!("kid: {}", proposal::scalar(&proposal::fresh(key.kid.as_str(), taken))));
            let duplicate = duplicate.help("give each key a `kid` of its own").maybe_example(own);
            context.report.push(duplicate.also(*first, "first here"));
        }
        kids.entry((&key.workflow, &key.kid)).or_insert(*span);
        if key.key_use == KeyUse::Verify {
            continue;
        }
        let owner = (&key.workflow, key.actor.as_ref());
        if let Some(first) = signers.get(&owner) {
            let of = key.actor.as_ref().map_or_else(|| "every actor".to_owned(), |actor| quote(actor.as_str()));
            let message = words!("two keys sign for {of} of {}", quote(key.workflow.as_str()));
            let second = Diagnostic::new(Code::OneOnly, *span, message).label("this key signs, too");
            let help = "use `use: sign` for one key and `use: verify` for its predecessors and successors";
            context.report.push(second.also(*first, "this key signs").help(help));
        }
        signers.entry(owner).or_insert(*span);
    }
}

/// A variable has one value, so two keys in it would be one key under two names: whoever may sign with the one could
/// sign with the other.
fn check_variables(keys: &[(KeySpec, Span)], context: &mut Context<'_>) {
    let mut variables: SortedMap<&str, Span> = SortedMap::new();
    for (key, span) in keys {
        let KeySource::Env(env) = &key.source else { continue };
        if let Some(first) = variables.get(env.as_str()) {
            let message = words!("two keys are in the variable {}", quote(env));
            let twice = Diagnostic::new(Code::SharedVariable, *span, message)
                .label("this key would have the same value")
                .also(*first, "the first key in this variable");
            context.report.push(twice.help("give each key a variable of its own, and a value of its own"));
        }
        variables.entry(env).or_insert(*span);
    }
}

/// Warns of a key for every actor beside keys for single ones: it can still sign for all of them.
pub(super) fn check_forgotten(keys: &[(KeySpec, Span)], revoked: &Revoked, context: &mut Context<'_>) {
    let own: SortedMap<&WorkflowName, Span> =
        keys.iter().rev().filter(|(key, _)| key.actor.is_some()).map(|(key, span)| (&key.workflow, *span)).collect();
    for (key, span) in keys.iter().filter(|(key, _)| !revoked.kids.contains(&key.kid)) {
        // A public key signs nothing here, and its private part is where only its owner is.
        let (None, KeySource::Env(_), Some(other)) = (&key.actor, &key.source, own.get(&key.workflow)) else {
            continue;
        };
        let message =
            words!("the key {} of {} is for every actor", quote(key.kid.as_str()), quote(key.workflow.as_str()));
        let forgotten = Diagnostic::new(Code::ForgottenKey, *span, message)
            .label("a reader of it can sign for all of them")
            .also(*other, "this key is for one actor");
        context.report.push(forgotten.help(
            "once each actor has a key of its own and no token of this one is in use, remove it, or add its `kid` to `revoked.kids`",
        ));
    }
}

/// Requires a signing key for each workflow with tokens: without one, the gate could issue no tokens.
fn check_signing_keys(keys: &[(KeySpec, Span)], drafts: &[&Draft], fields: Fields<'_, '_>, context: &mut Context<'_>) {
    let mut reported: SortedSet<&WorkflowName> = SortedSet::new();
    for draft in drafts {
        let Some(assurance) = draft.assurance.filter(|level| level.has_tokens()) else { continue };
        let Some(name) = &draft.name else { continue };
        // A key with errors has been reported; it may be the signing key.
        let listed = fields.items("keys").iter().filter_map(|node| fields.inner("keys", node));
        let mut listed = listed.filter(|key| key.text("workflow") == Some(name.as_str()));
        let signs = keys.iter().any(|(key, _)| key.workflow == *name && key.key_use == KeyUse::Sign);
        if signs || listed.any(|key| key.text("use") != Some("verify")) || !reported.insert(name) {
            continue;
        }
        let message = words!("workflow {} has no signing key", quote(name.as_str()));
        let none = Diagnostic::new(Code::NoSigningKey, draft.span, message)
            .label(words!("its level is `{}`, which requires one", assurance.as_str()));
        let owner = KeyOwner { workflow: name.clone(), actor: None };
        let help = words!("add to `keys`: `{{workflow: {name}, kid: k1, use: sign, env: {}}}`", owner.variable(None));
        // The values of the Helm chart have the documents under the same name.
        let values = if PEOPLE && fields.get("keys").is_none() {
            "; if this file has values of the Helm chart, which has its keys from `secrets`, check each document in a file of its own"
        } else {
            ""
        };
        context.report.push(none.help(words!("{help}{values}")));
    }
}

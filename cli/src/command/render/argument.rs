//! The values of the flags of `stepgate render istio`.

use std::collections::BTreeMap;

use crate::command::argument::require;
use stepgate_render::{
    DnsServer, Entry, Peer, Place, is_dns_label, is_dns_subdomain, is_entry_host, is_label_key, is_label_value,
};

/// A URL of printable ASCII.
pub(super) fn module(text: &str) -> Result<String, &'static str> {
    let known = ["oci://", "https://", "http://", "file://"].iter().any(|scheme| text.starts_with(scheme));
    let fits = known && text.bytes().all(|b| b.is_ascii_graphic());
    require(fits, text, "a URL begins with oci://, https://, http:// or file://")
}

pub(super) fn digest(text: &str) -> Result<String, &'static str> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let digits = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    require(hex.len() == 64 && digits, hex, "a SHA-256 is 64 of 0-9 and a-f")
}

pub(super) fn cidr(text: &str) -> Result<String, &'static str> {
    let wrong = "a CIDR is an address and a number of bits, such as 10.1.2.3/32";
    let (address, bits) = text.split_once('/').ok_or(wrong)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u8>() {
        Ok(bits) if bits <= most => Ok(format!("{address}/{bits}")),
        Ok(_) | Err(_) => Err(wrong),
    }
}

pub(super) fn secret(text: &str) -> Result<String, &'static str> {
    require(is_dns_subdomain(text), text, "a Secret has a name of lower-case letters, digits, `-` and `.`")
}

pub(super) fn label(text: &str) -> Result<String, &'static str> {
    require(is_label_key(text), text, "the key of a label is such as app or app.kubernetes.io/name")
}

pub(super) fn namespace(text: &str) -> Result<String, &'static str> {
    require(is_dns_label(text), text, "a namespace has a name of lower-case letters, digits and `-`")
}

pub(super) fn entry(text: &str) -> Result<Entry, &'static str> {
    match text.split_once('=') {
        Some((actor, host)) if !actor.is_empty() && is_entry_host(host) => {
            Ok(Entry { actor: actor.to_owned(), host: host.to_owned() })
        }
        Some(_) | None => Err("an entry is ACTOR=HOST with a DNS name in lower case, such as edge=movie.example.com"),
    }
}

/// A CIDR, or a namespace, with a port.
pub(super) fn dns(text: &str) -> Result<DnsServer, &'static str> {
    let rule =
        "a DNS server is a namespace or a CIDR, and possibly a port, such as openshift-dns:5353 or 169.254.20.10/32";
    let split = |text: &'_ str| match text.split_once(':') {
        Some((before, port)) => Some((before.to_owned(), port.parse().ok().filter(|port| *port > 0)?)),
        None => Some((text.to_owned(), 53)),
    };
    // An address of IPv6 has colons, and its length none.
    let server = match text.split_once('/') {
        Some((address, rest)) => split(rest).and_then(|(bits, port)| {
            Some(DnsServer { place: Place::Cidr(cidr(&format!("{address}/{bits}")).ok()?), port })
        }),
        None => split(text)
            .filter(|(name, _)| is_dns_label(name))
            .map(|(name, port)| DnsServer { place: Place::Namespace(name), port }),
    };
    server.ok_or(rule)
}

pub(super) fn peer(text: &str) -> Result<Peer, &'static str> {
    let peer = text.split_once('=').filter(|(actor, _)| !actor.is_empty());
    let peer = peer.and_then(|(actor, addresses)| Some(Peer { actor: actor.to_owned(), cidr: cidr(addresses).ok()? }));
    peer.ok_or("a peer is ACTOR=CIDR, such as bank=10.8.0.0/16")
}

/// An actor with labels.
pub(super) type EntryLabels = (String, BTreeMap<String, String>);

pub(super) fn entry_labels(text: &str) -> Result<EntryLabels, &'static str> {
    let rule = "labels are ACTOR=KEY=VALUE,KEY=VALUE, such as edge=istio=ingress";
    let (actor, rest) = text.split_once('=').filter(|(actor, _)| !actor.is_empty()).ok_or(rule)?;
    let mut labels = BTreeMap::new();
    for label in rest.split(',') {
        let label = label.split_once('=').filter(|(key, value)| is_label_key(key) && is_label_value(value));
        let (key, value) = label.ok_or(rule)?;
        if labels.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(rule);
        }
    }
    Ok((actor.to_owned(), labels))
}

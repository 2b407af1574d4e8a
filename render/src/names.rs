//! Names as Kubernetes accepts them.

/// Longest DNS label (RFC 1123), and longest name and value of a label of Kubernetes, in bytes.
pub(crate) const MAX_LABEL: usize = 63;
/// Longest DNS name (RFC 1123), in bytes.
pub(crate) const MAX_SUBDOMAIN: usize = 253;
/// How the digest of a name begins. No other name begins so: it would be replaced by its digest, too.
const DIGEST: &str = "x---x";

/// Whether a text is a DNS label (RFC 1123), as the name of a namespace must be.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= MAX_LABEL && is_part(text)
}

/// Whether a text is a DNS name (RFC 1123), as the names of most objects must be.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= MAX_SUBDOMAIN && text.split('.').all(is_part)
}

fn is_part(text: &str) -> bool {
    let clean = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    !text.is_empty() && clean && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether a text is the key of a label: `app`, `app.kubernetes.io/name`.
pub fn is_label_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_dns_subdomain) && !name.is_empty() && is_label_value(name)
}

/// Whether a text is the value of a label, which may be empty.
pub fn is_label_value(text: &str) -> bool {
    let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.is_empty() || text.len() <= MAX_LABEL && clean && text.starts_with(edge) && text.ends_with(edge)
}

/// A DNS label with this prefix for a name: the name itself if that is one, else its digest.
pub(crate) fn label(prefix: &str, name: &str) -> String {
    let readable = format!("{prefix}{name}");
    if is_dns_label(&readable) && !name.starts_with(DIGEST) {
        return readable;
    }
    let hash = hmac_sha256::Hash::hash(name.as_bytes());
    let half: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}{DIGEST}{half}")
}

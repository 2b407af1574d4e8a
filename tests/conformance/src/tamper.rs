//! Changes to a finished token: tokens that no gate mints, but that an attacker may send.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use p256::ecdsa::Signature;
use serde::Deserialize;
use serde_json::Value;
use stepgate_decision::keys::{Key, Material};

/// The letters of base64url in the order of their values (RFC 4648, section 5).
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The order of Ed25519's group, lowest byte first (RFC 8032, section 5.1).
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A change to the JSON of the header or of the claims; the token is signed after the change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// In the header: the text to replace, and its replacement.
    header: Option<(String, String)>,
    /// The same in the claims.
    claims: Option<(String, String)>,
    /// How often the replacement is repeated.
    #[serde(default = "once")]
    times: usize,
    /// Whether characters up to U+00FF of the replacement are single bytes.
    #[serde(default)]
    bytes: bool,
}

fn once() -> usize {
    1
}

/// The token with the change that a case asks for.
///
/// # Errors
/// Returns a message that says what failed.
pub fn tamper(token: &str, how: &Value, key: &Key) -> Result<String, String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
    let (header, claims) = signed.split_once('.').ok_or("no token")?;
    let raw = || decode(signature);
    let with = |signature: &[u8]| Ok(format!("{signed}.{}", encode(signature)?));
    let Some(name) = how.as_str() else {
        let edit: Edit = serde_json::from_value(how.clone()).map_err(|error| format!("tamper: {error}"))?;
        let header = edited(decode(header)?, edit.header.as_ref(), &edit)?;
        let claims = edited(decode(claims)?, edit.claims.as_ref(), &edit)?;
        return signed_anew(&format!("{}.{}", encode(&header)?, encode(&claims)?), key);
    };
    match name {
        "truncate" => Ok(format!("{signed}.")),
        "pad" => Ok(format!("{token}=")),
        // 64 bytes: r and s of ECDSA, both 0.
        "zero-signature" => with(&[0; 64]),
        "flip-signature" => {
            let other = if signature.starts_with('A') { "B" } else { "A" };
            Ok(format!("{signed}.{other}{}", signature.get(1..).unwrap_or_default()))
        }
        "short-signature" => with(raw()?.split_last().ok_or("no signature")?.1),
        "long-signature" => with(&[raw()?, vec![0]].concat()),
        "other-s" => with(&other_s(&raw()?)?),
        "der-signature" => with(ecdsa(&raw()?)?.to_der().as_bytes()),
        "s-plus-order" => with(&s_plus_order(&raw()?)?),
        "loose-header" => signed_anew(&format!("{}.{claims}", loose(header)?), key),
        "loose-claims" => signed_anew(&format!("{header}.{}", loose(claims)?), key),
        "loose-signature" => Ok(format!("{signed}.{}", loosened(signature)?)),
        "padded-header" => signed_anew(&format!("{header}=.{claims}"), key),
        "padded-claims" => signed_anew(&format!("{header}.{claims}="), key),
        "spaced-claims" => signed_anew(&format!("{header}. {claims}"), key),
        "no-header" => signed_anew(&format!(".{claims}"), key),
        "no-claims" => signed_anew(&format!("{header}."), key),
        _ => Err(format!("unknown change `{name}`")),
    }
}

/// A token with a valid signature, whatever its content (HS256 only).
///
/// # Errors
/// Returns a message that says what failed.
pub fn signed_anew(signed: &str, key: &Key) -> Result<String, String> {
    let Material::Hmac(hmac) = key.material() else { return Err("only HS256 tokens are signed anew".into()) };
    Ok(format!("{signed}.{}", encode(&hmac.sign(signed.as_bytes()))?))
}

fn edited(json: Vec<u8>, change: Option<&(String, String)>, edit: &Edit) -> Result<Vec<u8>, String> {
    let Some((from, to)) = change else { return Ok(json) };
    let text = String::from_utf8(json).map_err(|error| error.to_string())?;
    let (before, after) = text.split_once(from).ok_or_else(|| format!("no `{from}` in {text}"))?;
    let to = to.repeat(edit.times);
    let to = if edit.bytes {
        to.chars().map(|c| u8::try_from(u32::from(c)).map_err(|error| error.to_string())).collect::<Result<_, _>>()?
    } else {
        to.into_bytes()
    };
    Ok([before.as_bytes(), &to, after.as_bytes()].concat())
}

fn ecdsa(raw: &[u8]) -> Result<Signature, String> {
    Signature::from_slice(raw).map_err(|error| error.to_string())
}

/// `n - s` in place of `s`: equally valid (SEC 1, section 4.1.4).
fn other_s(raw: &[u8]) -> Result<Vec<u8>, String> {
    let (r, s) = ecdsa(raw)?.split_scalars();
    let other = Signature::from_scalars(r, std::ops::Neg::neg(s)).map_err(|error| error.to_string())?;
    Ok(other.to_bytes().to_vec())
}

/// `S + L` in place of `S`, which RFC 8032, section 5.1.7, rejects.
fn s_plus_order(raw: &[u8]) -> Result<Vec<u8>, String> {
    let (r, s) = raw.split_at_checked(32).ok_or("no signature")?;
    let mut carry = 0_u16;
    let sum = s.iter().zip(ED25519_ORDER).map(|(s, l)| {
        carry = u16::from(*s).saturating_add(u16::from(l)).saturating_add(carry >> 8);
        carry.to_le_bytes()[0]
    });
    Ok(r.iter().copied().chain(sum.collect::<Vec<_>>()).collect())
}

/// The same JSON, padded with white space until its last letter has unused bits; one of them is set.
fn loose(part: &str) -> Result<String, String> {
    let mut json = decode(part)?;
    json.push(b' ');
    while json.len().is_multiple_of(3) {
        json.push(b' ');
    }
    loosened(&encode(&json)?)
}

fn loosened(part: &str) -> Result<String, String> {
    let (last, head) = part.as_bytes().split_last().ok_or("an empty part")?;
    let value = LETTERS.iter().position(|letter| letter == last).ok_or("not base64url")?;
    let odd = LETTERS.get(value ^ 1).ok_or("no letter")?;
    if part.len().is_multiple_of(4) || value & 1 == 1 {
        return Err("the last letter has no unused bit".into());
    }
    Ok(format!("{}{}", String::from_utf8_lossy(head), char::from(*odd)))
}

fn decode(part: &str) -> Result<Vec<u8>, String> {
    Base64UrlSafeNoPadding::decode_to_vec(part, None).map_err(|error| error.to_string())
}

fn encode(bytes: &[u8]) -> Result<String, String> {
    Base64UrlSafeNoPadding::encode_to_string(bytes).map_err(|error| error.to_string())
}

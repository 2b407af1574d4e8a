//! Percent-encoding (RFC 3986, section 2.1).

/// The text, decoded once; none if it is not visible ASCII, or encodes nothing, or bytes that are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()?.saturating_mul(16).saturating_add(digit()?)).ok()?
            }
            b'!'..=b'~' => byte,
            _ => return None,
        });
    }
    String::from_utf8(decoded).ok()
}

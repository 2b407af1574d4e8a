//! What somebody without the key can make of a token.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};

use super::Held;

impl Held {
    /// Changes the token: another holder in its claims, else its signature.
    pub(super) fn forge(&mut self, holder: Option<String>) -> Option<()> {
        let (header, rest) = self.text.split_once('.')?;
        let (payload, signature) = rest.split_once('.')?;
        self.text = match holder.filter(|holder| *holder != self.token.holder) {
            Some(holder) => {
                let bytes = Base64UrlSafeNoPadding::decode_to_vec(payload, None).ok()?;
                let mut claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
                claims.as_object_mut()?.insert("sub".to_owned(), holder.clone().into());
                self.token.holder = holder;
                let payload = Base64UrlSafeNoPadding::encode_to_string(claims.to_string()).ok()?;
                format!("{header}.{payload}.{signature}")
            }
            None => {
                let first = if signature.starts_with('A') { 'B' } else { 'A' };
                format!("{header}.{payload}.{first}{}", signature.get(1..)?)
            }
        };
        self.token.forged = true;
        Some(())
    }
}

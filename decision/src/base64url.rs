//! Base64url without padding (RFC 4648, section 5), as JWS has it (RFC 7515, section 2).
//!
//! Tokens and names only: their readers have them anyway, so this need not take the same time for every text. Keys are
//! read by `stepgate_config::jwk`, which does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The one spelling of these bytes.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of which this text is the one spelling; none for any other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
    use proptest::prelude::*;

    use super::{decode, encode};

    fn by_library(text: &str) -> Option<Vec<u8>> {
        Base64UrlSafeNoPadding::decode_to_vec(text, None).ok()
    }

    proptest! {
        /// jwt-simple decodes with ct-codecs.
        #[test]
        fn the_librarys_decoder_takes_the_same_texts(text in "[A-Za-z0-9_=+/ .\n-]{0,12}", any in any::<String>()) {
            for text in [text, any] {
                prop_assert_eq!(decode(&text), by_library(&text));
            }
        }

        #[test]
        fn the_librarys_encoder_writes_the_same(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &Base64UrlSafeNoPadding::encode_to_string(&bytes).unwrap());
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }

    /// Only one spelling of each last group is canonical.
    #[test]
    fn every_last_group_is_taken_as_by_the_library() {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/";
        for one in LETTERS {
            for other in LETTERS {
                for text in [&[*one][..], &[*one, *other], &[b'A', *one, *other], &[b'A', b'A', *one, *other]] {
                    let text = std::str::from_utf8(text).unwrap();
                    assert_eq!(decode(text), by_library(text), "{text}");
                }
            }
        }
    }
}

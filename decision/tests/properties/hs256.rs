//! HS256 on the gate's prepared key against jwt-simple: the same tokens are made, and the same are taken behind the strict
//! reader.

use std::time::Duration;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{
    HS256Key, HeaderOptions, JWTClaims, MACLike, NoCustomClaims, UnixTimeStamp, VerificationOptions,
};
use proptest::prelude::*;
use stepgate_config::name::Kid;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken};
use stepgate_decision::{Clock, UnixTime};

use super::token::{changed, claims, letter, token_type};

/// A secret with its key ID, in the gate and in the library.
struct Both {
    ours: Key,
    library: HS256Key,
    kid: String,
}

impl Both {
    fn new(secret: &[u8], kid: &str) -> Self {
        let text = Base64UrlSafeNoPadding::encode_to_string(secret).unwrap();
        let jwk = format!(r#"{{"kty":"oct","alg":"HS256","k":"{text}"}}"#);
        let ours = Key::new(Kid::try_from(kid).unwrap(), KeyActor::Any, &jwk).unwrap();
        Self { ours, library: HS256Key::from_bytes(secret).with_key_id(kid), kid: kid.to_owned() }
    }

    fn by_library(&self, token_type: TokenType, claims: &Claims) -> String {
        let claims = JWTClaims {
            issued_at: None,
            expires_at: None,
            invalid_before: None,
            issuer: None,
            subject: None,
            audiences: None,
            jwt_id: None,
            nonce: None,
            custom: claims,
        };
        let options = HeaderOptions { signature_type: Some(token_type.typ().to_owned()), content_type: None };
        self.library.authenticate_with_options(claims, &options).unwrap()
    }

    /// Whether each takes a token that the strict reader has read, for its signature.
    fn answers(&self, token: &UnverifiedToken<'_>) -> (bool, bool) {
        let (iat, exp) = (token.claims().iat, token.claims().exp);
        let clock = Clock { now: iat, leeway: Duration::ZERO };
        let options = VerificationOptions {
            required_key_id: Some(self.kid.clone()),
            required_signature_type: Some(token.token_type().typ().to_owned()),
            artificial_time: Some(UnixTimeStamp::from_secs(iat.seconds())),
            time_tolerance: Some(jwt_simple::prelude::Duration::from_secs(0)),
            ..VerificationOptions::default()
        };
        assert!(exp >= iat, "only the signature is judged here");
        let library = self.library.verify_token::<NoCustomClaims>(token.text(), Some(options)).is_ok();
        (RustCrypto.verify(&self.ours, token, clock).is_ok(), library)
    }
}

fn secret() -> impl Strategy<Value = Vec<u8>> {
    // A key that is longer than a block (64 bytes) is hashed first.
    prop_oneof![Just(32_usize), 33_usize..64, Just(64), 65_usize..130]
        .prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length))
}

fn kid() -> impl Strategy<Value = String> {
    "[a-z0-9._-]{1,64}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn header_claims_and_signature_are_the_librarys(secret in secret(), kid in kid(), claims in claims(), token_type in token_type()) {
        let both = Both::new(&secret, &kid);
        let ours = RustCrypto.sign(&both.ours, token_type, &claims).unwrap();
        prop_assert_eq!(&ours, &both.by_library(token_type, &claims));
        prop_assert_eq!(both.answers(&UnverifiedToken::parse(&ours).unwrap()), (true, true));
    }

    /// Tokens of another secret, of another key ID, of another type or with one other character.
    #[test]
    fn no_other_token_is_taken_by_one_of_them(
        (secret, other) in (secret(), secret()),
        (kid, another) in (kid(), kid()),
        claims in claims(),
        token_type in token_type(),
        (at, by) in (any::<prop::sample::Index>(), letter()),
    ) {
        let both = Both::new(&secret, &kid);
        let good = both.by_library(token_type, &claims);
        let head = Base64UrlSafeNoPadding::encode_to_string(format!(r#"{{"alg":"HS384","kid":"{kid}","typ":"wfa+jwt"}}"#)).unwrap();
        let renamed = format!("{head}.{}", good.split('.').nth(1).unwrap());
        let signature = both.library.authentication_tag(renamed.as_bytes());
        for token in [
            Both::new(&other, &kid).by_library(token_type, &claims),
            Both::new(&secret, &another).by_library(token_type, &claims),
            format!("{renamed}.{}", Base64UrlSafeNoPadding::encode_to_string(signature).unwrap()),
            changed(&good, at, by),
            good.clone(),
        ] {
            // A character of the times may have made it end before it was issued.
            if let Some(read) = UnverifiedToken::parse(&token).ok().filter(|read| read.claims().exp >= read.claims().iat) {
                let (ours, library) = both.answers(&read);
                prop_assert_eq!(ours, library, "{}", token);
            }
        }
    }

    /// With the times as the decision judges them, on either side of their ends.
    #[test]
    fn a_token_lives_as_long_as_with_the_library(claims in claims(), token_type in token_type(), off in -3_i64..4, at_end: bool, leeway in 0_u64..40) {
        let both = Both::new(&[7; 32], "k");
        let token = both.by_library(token_type, &claims);
        let read = UnverifiedToken::parse(&token).unwrap();
        let (edge, by) = if at_end { (claims.exp, leeway) } else { (claims.iat, 0) };
        let now = edge.seconds().saturating_add(by).saturating_add_signed(off).min(u64::from(u32::MAX) - leeway);
        let clock = Clock { now: UnixTime::from_seconds(now), leeway: Duration::from_secs(leeway) };
        let in_time = !clock.is_past(claims.exp) && !clock.is_before(claims.iat);
        let options = VerificationOptions {
            artificial_time: Some(UnixTimeStamp::from_secs(now)),
            time_tolerance: Some(jwt_simple::prelude::Duration::from_secs(leeway)),
            required_signature_type: Some(token_type.typ().to_owned()),
            ..VerificationOptions::default()
        };
        let library = both.library.verify_token::<NoCustomClaims>(&token, Some(options)).is_ok();
        prop_assert!(RustCrypto.verify(&both.ours, &read, clock).is_ok());
        // The library is a second later at the end, and counts from 0.
        prop_assert!(library || !in_time || now < leeway, "{} {:?}", now, claims);
    }
}

//! Claims become a token and claims again, and nothing else becomes the same.

use std::time::Duration;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use proptest::prelude::*;
use stepgate_config::name::{Kid, TaskName, WorkflowName};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Digest;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::token::{
    Claims, Forks, Performers, StepClaim, TOKEN_VERSION, TokenType, UnverifiedToken, Visits,
};
use stepgate_decision::{Clock, Code, UnixTime};

const HMAC: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
/// The example key of RFC 7515, appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// The example key of RFC 8037, appendix A.1.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn key(jwk: &str) -> Key {
    Key::new(Kid::try_from("k").unwrap(), KeyActor::Any, jwk).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z0-9/:._-]{0,24}".prop_map(String::from), 1 => any::<String>().prop_map(|s| s.chars().take(12).collect())]
}

pub(super) fn token_type() -> impl Strategy<Value = TokenType> {
    prop_oneof![Just(TokenType::Arrival), Just(TokenType::Receipt)]
}

fn id() -> impl Strategy<Value = SpiffeId> {
    "spiffe://[a-z0-9._-]{1,12}(/[a-zA-Z0-9_-]{1,8}){1,3}".prop_map(|id| SpiffeId::try_from(id.as_bytes()).unwrap())
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9._-]{1,24}"
}

fn task() -> impl Strategy<Value = TaskName> {
    name().prop_map(|name| TaskName::try_from(name.as_str()).unwrap())
}

fn step() -> impl Strategy<Value = StepClaim> {
    (name(), any::<u32>(), any::<[u8; 32]>(), task(), proptest::option::of(task())).prop_map(
        |(name, rev, digest, task, from)| {
            let name = WorkflowName::try_from(name.as_str()).unwrap();
            let digest = Digest::try_from(Base64UrlSafeNoPadding::encode_to_string(digest).unwrap().as_str()).unwrap();
            StepClaim { v: TOKEN_VERSION, name, rev, digest, task, from }
        },
    )
}

fn histories() -> impl Strategy<Value = (Visits, Performers, Forks)> {
    use proptest::collection::{btree_map, btree_set};
    (
        btree_map(task(), any::<u32>(), 0..4),
        btree_map(task(), btree_set(id(), 0..3), 0..3),
        btree_map(task(), text(), 0..4),
    )
        .prop_map(|(visits, performers, forks)| {
            let performers = performers.into_iter().map(|(task, ids)| (task, ids.into_iter().collect())).collect();
            (visits.into_iter().collect(), performers, forks.into_iter().collect())
        })
}

pub(super) fn claims() -> impl Strategy<Value = Claims> {
    // Until 2106: the library counts seconds in 32 bits.
    let times = proptest::collection::vec(0_u64..1 << 32, 3);
    let texts = (id(), id(), text(), text());
    let replica = proptest::option::of(text());
    (texts, replica, times, proptest::collection::vec(text(), 0..5), step(), histories()).prop_map(
        |((iss, sub, txn, jti), rep, mut times, parents, wf, (visits, performers, fork))| {
            times.sort_unstable();
            let [iat, exp, dl] = [0, 1, 2].map(|at| UnixTime::from_seconds(times[at]));
            let (to, aud) = (None, None);
            Claims { iss, sub, txn, jti, iat, exp, dl, parents, wf, visits, performers, fork, rep, to, aud }
        },
    )
}

/// Whether the token is the key's, at a time within its life.
fn verifies(key: &Key, token: &UnverifiedToken<'_>) -> bool {
    let clock = Clock { now: token.claims().iat, leeway: Duration::ZERO };
    RustCrypto.verify(key, token, clock).is_ok()
}

fn round_trip(key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, TestCaseError> {
    let token = RustCrypto.sign(key, token_type, claims).unwrap();
    let read = UnverifiedToken::parse(&token).unwrap();
    prop_assert_eq!(read.claims(), claims);
    prop_assert_eq!((read.token_type(), read.kid(), read.alg()), (token_type, "k", key.algorithm().alg()));
    prop_assert!(verifies(key, &read));
    Ok(token)
}

/// Whether the token is accepted: it can be read, and its algorithm and signature are the key's.
fn taken(key: &Key, token: &str) -> bool {
    UnverifiedToken::parse(token).is_ok_and(|read| read.alg() == key.algorithm().alg() && verifies(key, &read))
}

/// One character is replaced by another.
pub(super) fn changed(token: &str, at: prop::sample::Index, by: char) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    let at = at.index(letters.len());
    letters[at] = if letters[at] == by { '~' } else { by };
    letters.into_iter().collect()
}

pub(super) fn letter() -> impl Strategy<Value = char> {
    prop_oneof![4 => "[A-Za-z0-9_.=-]".prop_map(|s| s.chars().next().unwrap()), 1 => any::<char>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn claims_are_read_as_they_were_signed(claims in claims(), token_type in token_type()) {
        round_trip(&key(HMAC), token_type, &claims)?;
    }

    /// Exactly the tokens of one type say where they lead.
    #[test]
    fn a_departure_leads_somewhere_and_no_other_token_does(claims in claims(), token_type in token_type(), to in task()) {
        let aud = Some(to.as_str().try_into().unwrap());
        let leading = Claims { to: Some(to), aud, ..claims.clone() };
        round_trip(&key(HMAC), TokenType::Departure, &leading)?;
        let halves = [Claims { to: None, ..leading.clone() }, Claims { aud: None, ..leading.clone() }];
        for (token_type, claims) in [(token_type, &leading), (TokenType::Departure, &claims)]
            .into_iter()
            .chain(halves.iter().flat_map(|half| [(token_type, half), (TokenType::Departure, half)]))
        {
            let token = RustCrypto.sign(&key(HMAC), token_type, claims).unwrap();
            prop_assert_eq!(UnverifiedToken::parse(&token).map(drop).map_err(|denial| denial.code()), Err(Code::BadStep));
        }
    }

    #[test]
    fn one_other_character_anywhere_denies(claims in claims(), token_type in token_type(), at: prop::sample::Index, by in letter()) {
        let key = key(HMAC);
        let token = round_trip(&key, token_type, &claims)?;
        prop_assert!(!taken(&key, &changed(&token, at, by)));
    }

    /// Also one bit of a part's decoded bytes, with correct spelling.
    #[test]
    fn one_other_bit_anywhere_denies(claims in claims(), part in 0_usize..3, at: prop::sample::Index, bit in 0_u32..8) {
        let key = key(HMAC);
        let token = round_trip(&key, TokenType::Arrival, &claims)?;
        let mut parts: Vec<Vec<u8>> = token.split('.').map(|part| Base64UrlSafeNoPadding::decode_to_vec(part, None).unwrap()).collect();
        let at = at.index(parts[part].len());
        parts[part][at] ^= 1 << bit;
        let parts: Vec<String> = parts.iter().map(|part| Base64UrlSafeNoPadding::encode_to_string(part).unwrap()).collect();
        prop_assert!(!taken(&key, &parts.join(".")));
    }

    #[test]
    fn any_text_is_a_token_or_none(text in any::<String>(), parts in proptest::collection::vec("[A-Za-z0-9_=-]{0,40}", 0..5)) {
        let _ = UnverifiedToken::parse(&text);
        let _ = UnverifiedToken::parse(&parts.join("."));
    }

    /// JSON of any kind in each part, in correct spelling: an accepted token has the members of a step and no others.
    #[test]
    fn any_json_is_claims_or_none(claims in claims(), odd in json(3), member in prop_oneof![Just("wf"), Just("exp"), Just("parents"), Just("visits"), Just("performers"), Just("extra"), Just("sub")]) {
        let token = round_trip(&key(HMAC), TokenType::Arrival, &claims)?;
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let bytes = Base64UrlSafeNoPadding::decode_to_vec(&parts[1], None).unwrap();
        let mut value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        value.as_object_mut().unwrap().insert(member.to_owned(), odd.clone());
        parts[1] = Base64UrlSafeNoPadding::encode_to_string(value.to_string()).unwrap();
        let joined = parts.join(".");
        if let Ok(read) = UnverifiedToken::parse(&joined) {
            // The result is exactly the text's content: nothing is dropped, and nothing is read as something else.
            let said = serde_json::to_value(read.claims()).unwrap();
            let stands = said.get(member).cloned().unwrap_or_default();
            let empty = odd.as_array().is_some_and(Vec::is_empty) || odd.as_object().is_some_and(serde_json::Map::is_empty);
            prop_assert!(stands == odd || (stands.is_null() && empty), "{} for {}", stands, odd);
        }
    }
}

fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |n| serde_json::Number::from_f64(n).map(Value::Number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    // Curves are slow in builds without optimisation.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn tokens_of_curves_are_no_less_strict(claims in claims(), token_type in token_type(), at: prop::sample::Index, by in letter()) {
        for jwk in [EC, ED] {
            let key = key(jwk);
            let token = round_trip(&key, token_type, &claims)?;
            prop_assert!(!taken(&key, &changed(&token, at, by)));
        }
    }
}

//! Wycheproof's sets for the three signatures of gates, at the functions that verify them below tokens.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use serde_json::json;
use stepgate_decision::keys::{Material, ecdsa};
use wycheproof::TestResult;

mod raw;

use raw::verifies;

fn encode(bytes: &[u8]) -> String {
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap()
}

fn key(jwk: &serde_json::Value) -> Result<Material, String> {
    Material::from_jwk(&jwk.to_string(), "now").map_err(|error| error.to_string())
}

/// The whole set: signatures as in JWS, and, if Wycheproof has them in DER, converted from it.
#[test]
fn ecdsa_as_jws_writes_it() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in &set.test_groups {
        let key = ec(&group.key.key);
        for test in &group.tests {
            assert_eq!(verifies(&key, &test.msg, &test.sig), test.result == TestResult::Valid, "{}", test.tc_id);
            // Every signature that can be written as DER comes back unchanged.
            if let Some(der) = ecdsa::to_der(&test.sig) {
                assert_eq!(ecdsa::from_der(&der).unwrap()[..], test.sig[..], "{}", test.tc_id);
            } else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
            }
            if test.result == TestResult::Valid { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 100 && bad > 50, "{good} {bad}");
}

/// The set in DER: the signature that our reader returns must be valid exactly if the set says so, and then it is
/// the one spelling.
#[test]
fn ecdsa_as_envoy_signs() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in &set.test_groups {
        let key = ec(&group.key.key);
        for test in &group.tests {
            let raw = ecdsa::from_der(&test.sig);
            if let Some(raw) = raw {
                assert_eq!(ecdsa::to_der(&raw).unwrap()[..], test.sig[..], "{}", test.tc_id);
            }
            let taken = raw.is_some_and(|raw| verifies(&key, &test.msg, &raw));
            assert_eq!(taken, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if taken { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 100 && bad > 100, "{good} {bad}");
}

/// An uncompressed point.
fn ec(point: &[u8]) -> Material {
    let (x, y) = point[1..].split_at(32);
    key(&json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})).unwrap()
}

#[test]
fn ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in &set.test_groups {
        let key = key(&json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk)})).unwrap();
        for test in &group.tests {
            let taken = verifies(&key, &test.msg, &test.sig);
            assert_eq!(taken, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if taken { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 50 && bad > 30, "{good} {bad}");
}

/// Left out: tags of 16 bytes, which JWS does not have and which must be rejected although the set calls them
/// valid; keys of fewer than 32 bytes, which no gate accepts (RFC 7518, section 3.2).
#[test]
fn hmac_sha256() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let (mut good, mut bad, mut short_keys, mut short_tags) = (0, 0, 0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let Ok(key) = key(&json!({"kty": "oct", "k": encode(&test.key)})) else {
                assert!(test.key.len() < 32, "{}", test.tc_id);
                short_keys += 1;
                continue;
            };
            let taken = verifies(&key, &test.msg, &test.tag);
            if group.tag_size != 256 {
                assert!(!taken, "{}", test.tc_id);
                short_tags += 1;
                continue;
            }
            assert_eq!(taken, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if taken { good += 1 } else { bad += 1 }
        }
    }
    assert_eq!((good, bad, short_keys, short_tags), (30, 54, 6, 84));
}

/// Points of small order, in every spelling that the curve allows: with such a public key, an attacker need not
/// know a private one. A gate does not accept the key, or accepts no signature by it.
#[test]
fn ed25519_keys_of_small_order() {
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ];
    let mut refused = 0;
    for hex in points {
        let point: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        let Ok(key) = key(&json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&point)})) else {
            refused += 1;
            continue;
        };
        // `S = 0` and `R` of small order make the equation hold for such a key, whatever the text.
        for r in [&point[..], &[&[1][..], &[0; 31]].concat()] {
            assert!(!verifies(&key, b"any text", &[r, &[0; 32]].concat()), "{hex}");
        }
    }
    assert_eq!(refused, points.len());
}

//! A token is read alike in every spelling of its JSON. The one that gates write has a reader of its own, which takes no white
//! space: with a space before it, the same text is read by the strict reader alone.

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use proptest::prelude::*;
use stepgate_decision::Denial;
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken};

use super::token::claims;

const HEADER: &str = r#"{"alg":"HS256","kid":"k","typ":"wfa+jwt"}"#;

type Read = Result<(String, String, TokenType, Claims), Denial>;

fn read(header: &str, claims: &str) -> Read {
    let part = |json: &str| Base64UrlSafeNoPadding::encode_to_string(json).unwrap();
    let token = [part(header), part(claims), part("signature")].join(".");
    let read = UnverifiedToken::parse(&token)?;
    Ok((read.alg().to_owned(), read.kid().to_owned(), read.token_type(), read.claims().clone()))
}

/// Whether both are read alike with and without a space before them.
fn alike(header: &str, claims: &str) -> Result<Read, TestCaseError> {
    let quick = read(header, claims);
    prop_assert_eq!(&quick, &read(&format!(" {header}"), &format!(" {claims}")), "{} {}", header, claims);
    Ok(quick)
}

/// A change to a text at some place: another text put in, over so many characters.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let odd = prop_oneof![
        4 => "[\"{}\\[\\],:\\\\ 0-9a.+-]{0,3}",
        2 => Just("\\u0061".to_owned()),
        1 => Just("null".to_owned()),
        1 => Just("-0".to_owned()),
        1 => Just("1.0".to_owned()),
        1 => Just("18446744073709551616".to_owned()),
        1 => Just("253402300800".to_owned()),
        1 => Just(",\"rep\":\"twice\"".to_owned()),
        1 => Just(",\"visits\":{}".to_owned()),
        1 => Just(",\"parents\":[]".to_owned()),
        1 => any::<char>().prop_map(String::from),
    ];
    (any::<prop::sample::Index>(), 0_usize..3, odd)
}

fn edited(text: &str, (at, over, with): &(prop::sample::Index, usize, String)) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = at.index(letters.len());
    let end = (at + over).min(letters.len());
    letters[..at].iter().copied().chain(with.chars()).chain(letters[end..].iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn claims_are_read_alike(claims in claims(), edits in proptest::collection::vec(edit(), 0..3)) {
        let json = serde_json::to_string(&claims).unwrap();
        if let Ok((.., quick)) = alike(HEADER, &json)? {
            prop_assert_eq!(quick, claims);
        }
        alike(HEADER, &edits.iter().fold(json, |json, edit| edited(&json, edit))).map(drop)?;
    }

    /// A piece of the claims twice, or elsewhere: repeated members, members in another order.
    #[test]
    fn pieces_are_read_alike(claims in claims(), cuts in any::<[prop::sample::Index; 3]>(), moved: bool) {
        let json = serde_json::to_string(&claims).unwrap();
        // At the bounds of members, where most of what remains is JSON.
        let bounds: Vec<usize> = json.match_indices([',', '{', '}', '[', ']']).map(|(at, _)| at).collect();
        let mut cuts = cuts.map(|cut| bounds[cut.index(bounds.len())]);
        cuts.sort_unstable();
        let [first, second, third] = cuts;
        let piece = &json[first..second];
        let rest = if moved { json[..first].to_owned() + &json[second..third] } else { json[..third].to_owned() };
        alike(HEADER, &[&rest, piece, &json[third..]].concat()).map(drop)?;
    }

    #[test]
    fn headers_are_read_alike(claims in claims(), edits in proptest::collection::vec(edit(), 0..3)) {
        let json = serde_json::to_string(&claims).unwrap();
        alike(&edits.iter().fold(HEADER.to_owned(), |header, edit| edited(&header, edit)), &json).map(drop)?;
    }
}

/// What the two readers could take differently, each once.
#[test]
fn odd_spellings_are_read_alike() {
    const PLAIN: &str = r#"{"iss":"spiffe://a/b","sub":"spiffe://a/c","txn":"t","jti":"j","iat":1,"exp":2,"dl":3,"parents":["p"],"wf":{"v":1,"name":"w","rev":1,"digest":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","task":"end","from":"middle"},"visits":{"a":1,"b":2},"performers":{"a":["spiffe://a/b","spiffe://a/c"]},"fork":{"x":"y"},"rep":"r"}"#;
    assert!(read(HEADER, PLAIN).is_ok());
    for (from, to, taken) in [
        ("\"iat\":1", "\"iat\":01", false),
        ("\"iat\":1", "\"iat\":-1", false),
        ("\"iat\":1", "\"iat\":1e0", false),
        ("\"iat\":1", "\"iat\":\"1\"", false),
        ("\"dl\":3", "\"dl\":253402300799", true),
        ("\"dl\":3", "\"dl\":253402300800", false),
        ("\"v\":1", "\"v\":4294967297", false),
        ("\"rev\":1", "\"rev\":0", false),
        ("\"txn\":\"t\"", "\"txn\":\"\\u0074\"", true),
        ("\"txn\":\"t\"", "\"txn\":\"\u{1}\"", false),
        ("\"txn\":\"t\"", "\"txn\":\"\u{7f}é\"", true),
        ("\"txn\":\"t\"", "\"txn\":\"\"", true),
        ("\"parents\":[\"p\"]", "\"parents\":[\"p\",]", false),
        ("\"parents\":[\"p\"]", "\"parents\":[]", false),
        ("\"parents\":[\"p\"],", "", true),
        ("\"parents\":[\"p\"]", "\"parents\":null", false),
        ("\"task\":\"end\"", "\"task\":\"end+middle\"", false),
        ("\"from\":\"middle\"", "\"from\":\"end+middle\"", true),
        ("\"from\":\"middle\"", "\"from\":\"Middle\"", false),
        (",\"from\":\"middle\"", ",\"from\":null", false),
        (",\"from\":\"middle\"", "", true),
        ("\"visits\":{\"a\":1,", "\"visits\":{\"b\":1,", false),
        ("\"visits\":{\"a\":1,\"b\":2}", "\"visits\":{\"a\":1,}", false),
        ("\"visits\":{\"a\":1,\"b\":2}", "\"visits\":{,}", false),
        ("\"visits\":{\"a\":1,\"b\":2}", "\"visits\":{}", false),
        ("\"performers\":{\"a\":[\"spiffe://a/b\"", "\"performers\":{\"a\":[\"spiffe://a/c\"", true),
        ("[\"spiffe://a/b\",\"spiffe://a/c\"]", "[]", true),
        ("\"iss\":\"spiffe://a/b\"", "\"iss\":\"spiffe://a/b/\"", false),
        (",\"rep\":\"r\"", ",\"rep\":\"r\",\"rep\":\"r\"", false),
        (",\"rep\":\"r\"", ",\"rap\":\"r\"", false),
        (",\"rep\":\"r\"", "", true),
        (",\"rep\":\"r\"}", "", false),
        (",\"rep\":\"r\"}", ",\"rep\":\"r\"}}", false),
        (",\"rep\":\"r\"}", ",\"rep\":\"r\"} ", true),
        ("uFU", "uFV", false),
    ] {
        let json = PLAIN.replacen(from, to, 1);
        assert_ne!(json, PLAIN, "{from}");
        assert_eq!(alike(HEADER, &json).unwrap().is_ok(), taken, "{json}");
    }
    for (from, to, taken) in [
        ("HS256", "none", true),
        ("\"k\"", "\"\\u006b\"", true),
        ("wfa+jwt", "JWT", false),
        ("}", ",\"cty\":\"x\"}", false),
        ("}", ",\"kid\":\"k\"}", false),
        ("\"alg\"", "\"crit\"", false),
    ] {
        assert_eq!(alike(&HEADER.replacen(from, to, 1), PLAIN).unwrap().is_ok(), taken, "{to}");
    }
}

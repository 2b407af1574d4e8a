//! Random guards of every function, operator and type.

use proptest::prelude::*;

/// Texts in headers, parameters and literals: of the forms that conversions take, of others, and of none.
pub(super) const TEXTS: &[&str] = &[
    "a",
    "ab",
    "b",
    "A",
    "",
    "12",
    "-3",
    "007",
    "+1",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "-0.25",
    "1e6",
    "1e308",
    "1e309",
    "nan",
    "inf",
    ".5",
    "true",
    "false",
    "True",
    "1h",
    "1h30m",
    "-1.5s",
    "0",
    "1ns",
    "2562047h",
    "2562048h",
    "1h 1m",
    "2026-01-31T00:00:00Z",
    "2026-07-31T23:30:00.25+02:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-02-29T00:00:00Z",
    "2026-01-31T23:59:60Z",
    "2026-01-31T00:00:00+24:00",
    "2019-12-31T23:59:59Z",
    "2026-01-31",
    "caf\u{e9}",
    "a.c",
    "x y",
    "Europe/Paris",
];

/// Guards of these shapes, `$B` and the like for parts of a type, as deep as the bound lets them be.
pub(super) fn part(of: char, depth: u32) -> BoxedStrategy<String> {
    let leaf: Vec<&str> = match of {
        'B' => vec![
            "true",
            "false",
            "peer.night",
            "has(peer.grade)",
            r#"has(request.headers.x_none)"#,
            r#""x-a" in request.headers"#,
            r#""x-none" in request.headers"#,
            r#""q" in request.query"#,
            r#""grade" in peer.attributes"#,
            "has(peer.level)",
            "has(request.path)",
        ],
        'I' => vec![
            "0",
            "1",
            "-1",
            "7",
            "12",
            "9223372036854775807",
            "-9223372036854775808",
            "0x1F",
            "peer.level",
            "peer.grade",
            "instance.revision",
            "now.getHours()",
            r#"now.getDayOfYear("America/Havana")"#,
            "peer[\"level\"]",
        ],
        'D' => vec!["0.0", "1.5", "-2.5e3", "1e308", "peer.rate", "9223372036854775807.0", ".5"],
        'N' => vec!["peer.mixed"],
        'T' => vec![
            r#"request.headers["x-a"]"#,
            r#"request.headers["x-b"]"#,
            r#"request.headers["x-none"]"#,
            "request.query.q",
            r#"request.query["none"]"#,
            "request.path",
            "peer.team",
            r#"peer.attributes["team"]"#,
            "instance.id",
            "task.name",
            "task.actor",
            "request.host",
        ],
        'M' => vec![
            "now",
            r#"timestamp("2026-03-29T01:00:00Z")"#,
            r#"timestamp("9999-12-31T23:59:59.5Z")"#,
            "timestamp(0)",
        ],
        _ => vec![r#"duration("1h")"#, r#"duration("-1.5s")"#, r#"duration("2562047h")"#, r#"duration("0")"#],
    };
    let literal = match of {
        'T' => prop::sample::select(TEXTS).prop_flat_map(quoted).boxed(),
        'I' => any::<i64>().prop_map(|number| number.to_string()).boxed(),
        _ => prop::sample::select(leaf.clone()).prop_map(str::to_owned).boxed(),
    };
    let leaf = prop_oneof![3 => prop::sample::select(leaf).prop_map(str::to_owned), 1 => literal].boxed();
    if depth == 0 {
        return leaf;
    }
    let shapes: Vec<&str> = match of {
        'B' => vec![
            "!$B",
            "!!$B",
            "$B && $B",
            "$B || $B",
            "$B && $B || $B",
            "($B || $B) && $B && $B",
            "$B ? $B : $B",
            "$I == $I",
            "$I != $I",
            "$I < $I",
            "$I <= $I",
            "$I > $D",
            "$D >= $D",
            "$D == $I",
            "$N < $I",
            "$N != $D",
            "$T == $T",
            "$T != $T",
            "$T < $T",
            "$T >= $T",
            "$B == $B",
            "$M < $M",
            "$M == $M",
            "$S > $S",
            "$S != $S",
            "$I in [$I, $I]",
            "$T in [$T, $T,]",
            "$D in [$I, $D]",
            "$I in []",
            "$T.contains($T)",
            "$T.startsWith($T)",
            "$T.endsWith($T)",
            r#"$T.matches("^a.c")"#,
            r#"matches($T, r"[0-9]+\.?")"#,
            "bool($T)",
            "bool($B)",
            "($B)",
            "$B // why\n",
        ],
        'I' => vec![
            "$I + $I",
            "$I - $I",
            "$I * $I",
            "$I / $I",
            "$I % $I",
            "-($I)",
            "--$I",
            "size($T)",
            "$T.size()",
            "int($T)",
            "int($D)",
            "int($M)",
            "int($I)",
            "int($N)",
            "$M.getFullYear()",
            "$M.getMonth()",
            r#"$M.getDate("+05:30")"#,
            r#"$M.getDayOfMonth("-23:59")"#,
            r#"$M.getDayOfWeek("Asia/Gaza")"#,
            r#"$M.getDayOfYear("Australia/Lord_Howe")"#,
            r#"$M.getHours("Europe/Paris")"#,
            r#"$M.getMinutes("Asia/Kathmandu")"#,
            "$M.getSeconds()",
            "$M.getMilliseconds()",
            "$B ? $I : $I",
            "($I)",
        ],
        'D' => vec![
            "$D + $D",
            "$D - $D",
            "$D * $D",
            "$D / $D",
            "-($D)",
            "double($T)",
            "double($I)",
            "double($D)",
            "$B ? $D : $D",
        ],
        'N' => vec!["$N"],
        'T' => vec!["$T + $T", "string($I)", "string($B)", "string($M)", "string($S)", "string($T)", "$B ? $T : $T"],
        'M' => vec!["$M + $S", "$S + $M", "$M - $S", "timestamp($T)", "timestamp($I)", "timestamp($M)", "$B ? $M : $M"],
        _ => vec!["$S + $S", "$S - $S", "$M - $M", "duration($T)", "duration($S)", "$B ? $S : $S"],
    };
    let deeper = prop::sample::select(shapes).prop_flat_map(move |shape| filled(shape, depth.saturating_sub(1)));
    prop_oneof![1 => leaf, 3 => deeper].boxed()
}

/// The shape with its parts.
fn filled(shape: &'static str, depth: u32) -> BoxedStrategy<String> {
    let (first, rest) = shape.split_once('$').unwrap_or((shape, ""));
    let parts: Vec<BoxedStrategy<String>> = rest
        .split('$')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (of, after) = piece.split_at_checked(1).unwrap_or_default();
            let (of, after) = (of.chars().next().unwrap_or_default(), after.to_owned());
            part(of, depth).prop_map(move |part| format!("{}{after}", grouped(&part))).boxed()
        })
        .collect();
    parts.prop_map(move |parts| format!("{first}{}", parts.concat())).boxed()
}

/// In brackets, unless it is one word: the shapes have no precedence of their own.
fn grouped(part: &str) -> String {
    let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    if plain { part.to_owned() } else { format!("({part})") }
}

/// A string literal, written in one of the ways of the language.
fn quoted(text: &'static str) -> BoxedStrategy<String> {
    let escaped = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_digit() { format!("\\x{:02x}", u32::from(c)) } else { c.to_string() })
            .collect()
    };
    prop::sample::select(vec![
        format!("{text:?}").replace("\\u{e9}", "\\u00e9"),
        format!("'{text}'"),
        format!("r\"{text}\""),
        format!("\"\"\"{text}\"\"\""),
        format!("'{}'", escaped(text)),
        format!("'''{}'''", text.replace('a', "\\141").replace('b', "\\U00000062")),
    ])
    .boxed()
}

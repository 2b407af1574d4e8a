//! Time zones: IANA names and fixed offsets.
//!
//! A gate needs no history: `zones.txt` has the present rule of each zone, and its changes since 2020 and to come that the
//! rule does not cover. The test `zones` writes it from a release of the IANA time zone database.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Utc, Weekday};

use super::conversion;

/// Each line: a rule, perhaps with the changes before it, and the names of its zones.
const ZONES: &str = include_str!("zones.txt");

/// The first second that `zones.txt` covers: 2020-01-01T00:00:00Z.
pub const FIRST: i64 = 1_577_836_800;
/// The last second for which a present rule says something: 2099-12-31T23:59:59Z.
pub const LAST: i64 = 4_102_444_799;

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// Always the same offset from UTC.
    Fixed(FixedOffset),
    /// A zone of the IANA time zone database.
    Named(Rules),
}

/// The rules of a named zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Changes, by the second from which on the offset holds. The rule holds from the last of them on.
    changes: Vec<(i64, i32)>,
    standard: i32,
    summer: Option<Summer>,
}

/// Daylight saving time (IEEE Std 1003.1, `TZ`): the offset, and the days and local times of its begin and its end.
#[derive(Debug, Clone, PartialEq)]
struct Summer {
    offset: i32,
    begin: Day,
    end: Day,
}

/// A weekday of a month, the last one if `week` is 5, and seconds after its midnight.
#[derive(Debug, Clone, PartialEq)]
struct Day {
    month: u32,
    week: u8,
    weekday: Weekday,
    seconds: i64,
}

impl Zone {
    /// The zone of an IANA name, or of an offset such as `+02:00`; none if there is none.
    pub fn read(text: &str) -> Option<Self> {
        if text.starts_with(['+', '-']) {
            return conversion::offset(text).map(Self::Fixed);
        }
        let line = ZONES.lines().find(|line| names_of(line).any(|name| name == text))?;
        Rules::read(line.split(' ').next()?).map(Self::Named)
    }

    /// The time in this zone; none before [`FIRST`] and after [`LAST`] in a named zone.
    pub fn local(&self, time: DateTime<Utc>) -> Option<DateTime<FixedOffset>> {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Named(rules) => FixedOffset::east_opt(rules.offset(time)?)?,
        };
        Some(time.with_timezone(&offset))
    }
}

/// The IANA names of all zones.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ZONES.lines().flat_map(names_of)
}

fn names_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(' ').skip(1)
}

impl Rules {
    /// Reads `3600,7200,3.5.0/7200,10.5.0/10800`: the offset, that of the summer, its begin and its end, in seconds; or the
    /// offset alone. Changes come before it, each with a `;` after it: `1577836800=0;`.
    fn read(text: &str) -> Option<Self> {
        let (changes, rule) = text.rsplit_once(';').map_or((None, text), |(changes, rule)| (Some(changes), rule));
        let change = |change: &str| {
            let (from, offset) = change.split_once('=')?;
            Some((from.parse().ok()?, offset.parse().ok()?))
        };
        let changes = changes.into_iter().flat_map(|changes| changes.split(';')).map(change);
        let mut fields = rule.split(',');
        let standard = fields.next()?.parse().ok()?;
        let summer = match fields.next() {
            None => None,
            Some(offset) => {
                let (begin, end) = (Day::read(fields.next()?)?, Day::read(fields.next()?)?);
                Some(Summer { offset: offset.parse().ok()?, begin, end })
            }
        };
        Some(Self { changes: changes.collect::<Option<_>>()?, standard, summer })
    }

    /// The offset from UTC in seconds; none before [`FIRST`] and after [`LAST`].
    fn offset(&self, time: DateTime<Utc>) -> Option<i32> {
        let seconds = time.timestamp();
        if !(FIRST..=LAST).contains(&seconds) {
            return None;
        }
        let next = self.changes.partition_point(|(from, _)| *from <= seconds);
        if next < self.changes.len() {
            return self.changes.get(next.checked_sub(1)?).map(|(_, offset)| *offset);
        }
        let Some(summer) = &self.summer else { return Some(self.standard) };
        let year = time.checked_add_signed(TimeDelta::seconds(self.standard.into()))?.year();
        let begin = summer.begin.utc(year, self.standard)?;
        let end = summer.end.utc(year, summer.offset)?;
        let inside = if begin < end { (begin..end).contains(&seconds) } else { !(end..begin).contains(&seconds) };
        Some(if inside { summer.offset } else { self.standard })
    }
}

impl Day {
    /// Reads `3.5.0/7200`: month, week, weekday from Sunday, and seconds.
    fn read(text: &str) -> Option<Self> {
        let (day, seconds) = text.split_once('/')?;
        let mut day = day.split('.');
        let (month, week, weekday) = (day.next()?.parse().ok()?, day.next()?.parse().ok()?, day.next()?);
        let days = [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];
        let weekday = *days.get(weekday.parse::<usize>().ok()?)?;
        Some(Self { month, week, weekday, seconds: seconds.parse().ok()? })
    }

    /// The second since 1970 (UTC), where the local time has this offset.
    fn utc(&self, year: i32, offset: i32) -> Option<i64> {
        let day = |week| NaiveDate::from_weekday_of_month_opt(year, self.month, self.weekday, week);
        let last = if self.week == 5 { day(5).or_else(|| day(4)) } else { day(self.week) };
        let midnight = last?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
        midnight.checked_add(self.seconds)?.checked_sub(offset.into())
    }
}

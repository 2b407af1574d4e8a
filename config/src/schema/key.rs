//! The building blocks of the tables: objects, their keys, and the values of keys.

use super::Format;
use crate::PEOPLE;
use crate::workflow::Assurance;

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in messages: `task`, `transition`.
    pub(crate) noun: &'static str,
    /// Its description, in one line.
    pub(crate) doc: &'static str,
    /// Its keys; several slices where it has the keys of another object and more.
    pub(crate) keys: &'static [&'static [Key]],
}

impl Object {
    /// The article before its noun.
    pub(crate) fn article(&self) -> &'static str {
        article(self.noun)
    }

    /// All its keys, in the order of the reference.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        self.keys.iter().flat_map(|keys| keys.iter())
    }

    /// The key with this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }

    /// The default of the key with this name, as a document would say it.
    pub(crate) fn default(&self, name: &str) -> Option<&'static str> {
        match self.key(name)?.need {
            Need::Default(text) => Some(text),
            Need::Required | Need::RequiredWithout(_) | Need::Optional => None,
        }
    }
}

/// The article before a word.
pub(crate) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// A key of an object.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Its description, in one line.
    pub(crate) doc: &'static str,
    pub(crate) value: Value,
    pub(crate) need: Need,
    /// The lowest level that enforces it; below it, the key may only be advisory.
    pub(crate) from: Level,
    /// The one value that `from` is about; any other holds at every level. None: `from` is about each value.
    pub(crate) only: Option<&'static str>,
    /// Whether it is a part of the language that the gates of this release do not support yet.
    pub(crate) later: bool,
}

/// Whether a key is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is required.
    Required,
    /// It is required, unless the document has this key.
    RequiredWithout(&'static str),
    /// It is optional, without a default.
    Optional,
    /// It is optional; this is its default.
    Default(&'static str),
}

/// The level from which on a key is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Every level.
    Identity,
    /// `signed` and above.
    Signed,
    /// `once` and above.
    Once,
}

impl Level {
    /// Whether gates of this assurance enforce keys of this level.
    pub(crate) fn within(self, assurance: Assurance) -> bool {
        match assurance {
            Assurance::Identity => self <= Self::Identity,
            Assurance::Signed => self <= Self::Signed,
            Assurance::Once => self <= Self::Once,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Signed => "signed",
            Self::Once => "once",
        }
    }
}

/// The type of a key's value.
#[derive(Debug)]
pub(crate) enum Value {
    /// A string of this form.
    Text(Format),
    /// One of these words; those in `later` are part of the language, but not of this release.
    Choice { words: &'static [&'static str], later: &'static [&'static str] },
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole { least: i64, most: i64 },
    /// A bool, a number or a string.
    Scalar,
    /// A list of `least..=most` values of one type.
    List { of: &'static Value, least: usize, most: usize },
    /// A mapping with free names; at most `most` entries.
    Map { keys: Format, of: &'static Value, most: usize },
    /// A mapping with known keys.
    Object(&'static Object),
    /// One of two types: the first, such as a text, or else the second.
    Either(&'static Value, &'static Value),
    /// A JSON Web Key, which `jwk` checks.
    Jwk,
    /// A value that is not read.
    Unread,
}

impl Value {
    /// The object that is the value, or each item or entry of it.
    pub(super) fn object(&self) -> Option<&'static Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::List { of, .. } | Self::Map { of, .. } => of.object(),
            Self::Text(_) | Self::Choice { .. } | Self::Flag | Self::Whole { .. } | Self::Scalar => None,
            Self::Either(_, other) => other.object(),
            Self::Jwk | Self::Unread => None,
        }
    }
}

impl Key {
    pub(super) const fn new(name: &'static str, value: Value, doc: &'static str) -> Self {
        // The text of a doc comment begins with a space. Only people read it.
        let doc = if PEOPLE { doc.trim_ascii_start() } else { "" };
        Self { name, doc, value, need: Need::Optional, from: Level::Identity, only: None, later: false }
    }

    pub(super) const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    pub(super) const fn required_without(mut self, key: &'static str) -> Self {
        self.need = Need::RequiredWithout(key);
        self
    }

    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.need = Need::Default(value);
        self
    }

    pub(super) const fn from(mut self, level: Level) -> Self {
        self.from = level;
        self
    }

    pub(super) const fn only(mut self, value: &'static str) -> Self {
        self.only = Some(value);
        self
    }

    pub(super) const fn later(mut self) -> Self {
        self.later = true;
        self
    }
}

/// A table of keys. The doc comment of a key is its description.
macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:literal: $value:expr $(, $property:ident $(($argument:expr))?)*;)+) => {
        &[$(Key::new($name, $value, concat!($($doc),+))$(.$property($($argument)?))*,)+]
    };
}
pub(super) use keys;

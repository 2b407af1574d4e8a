//! A sorted map.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use super::order::{Order, Place};

/// A map in the order of its keys. Nothing is removed from it.
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// In the order in which they came.
    entries: Vec<(K, V)>,
    order: Order,
}

/// A key's place in a map: its entry's number, or the place of a new one.
pub struct Entry<'m, K, V> {
    map: &'m mut SortedMap<K, V>,
    key: K,
    place: Result<usize, Place>,
}

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), order: Order::NONE }
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { map: self, place: Place::default() }
    }

    /// The entries behind a key that may be there, in the order of their keys.
    pub fn after<'m>(&'m self, key: &K) -> Iter<'m, K, V>
    where
        K: Ord,
    {
        let behind = |number: usize| match self.entries.get(number) {
            Some((other, _)) if other > key => Ordering::Greater,
            _ => Ordering::Less,
        };
        Iter { map: self, place: self.order.search(&mut { behind }).err().unwrap_or_default() }
    }

    /// The keys, in their order.
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }

    /// The values, in the order of their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    fn search<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, Place>
    where
        K: Borrow<Q>,
    {
        self.order.search(&mut |number| match self.entries.get(number) {
            Some((other, _)) => other.borrow().cmp(key),
            None => Ordering::Less,
        })
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.search(key).ok().and_then(|number| self.entries.get(number)).map(|(_, value)| value)
    }

    /// Whether there is an entry with this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.search(key).is_ok()
    }

    /// Adds an entry. Where the key is there, it keeps its place and gets the new value; returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.search(&key) {
            Ok(number) => self.entries.get_mut(number).map(|(_, before)| std::mem::replace(before, value)),
            Err(place) => {
                self.add(place, key, value);
                None
            }
        }
    }

    fn add(&mut self, place: Place, key: K, value: V) {
        self.order.insert(place, self.entries.len());
        self.entries.push((key, value));
    }

    /// The place of a key.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.search(&key);
        Entry { map: self, key, place }
    }
}

impl<'m, K, V> Entry<'m, K, V> {
    /// The value of the key; where there is none, this one.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// The value of the key; where there is none, the default.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// The value of the key; where there is none, this one.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'m mut V {
        let Self { map, key, place } = self;
        match place {
            #[expect(
                clippy::indexing_slicing,
                reason = "the order has numbers of entries only, and no entry is removed"
            )]
            Ok(number) => &mut map.entries[number].1,
            Err(place) => {
                map.order.insert(place, map.entries.len());
                &mut map.entries.push_mut((key, value())).1
            }
        }
    }
}

/// The entries of a map, in the order of their keys.
pub struct Iter<'m, K, V> {
    map: &'m SortedMap<K, V>,
    place: Place,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { map: self.map, place: self.place }
    }
}

impl<'m, K, V> Iterator for Iter<'m, K, V> {
    type Item = (&'m K, &'m V);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.map.order.next(&mut self.place)?;
        self.map.entries.get(number).map(|(key, value)| (key, value))
    }
}

/// The keys of a map, in their order.
pub struct Keys<'m, K, V>(Iter<'m, K, V>);

impl<K, V> Clone for Keys<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'m, K, V> Iterator for Keys<'m, K, V> {
    type Item = &'m K;

    fn next(&mut self) -> Option<&'m K> {
        self.0.next().map(|(key, _)| key)
    }
}

/// The values of a map, in the order of their keys.
pub struct Values<'m, K, V>(Iter<'m, K, V>);

impl<K, V> Clone for Values<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'m, K, V> Iterator for Values<'m, K, V> {
    type Item = &'m V;

    fn next(&mut self) -> Option<&'m V> {
        self.0.next().map(|(_, value)| value)
    }
}

/// The entries of a map that is used up, in the order of their keys.
pub struct IntoIter<K, V> {
    entries: Vec<Option<(K, V)>>,
    order: Order,
    place: Place,
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.order.next(&mut self.place)?;
        self.entries.get_mut(number)?.take()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        let entries = self.entries.into_iter().map(Some).collect();
        IntoIter { entries, order: self.order, place: Place::default() }
    }
}

impl<'m, K, V> IntoIterator for &'m SortedMap<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Iter<'m, K, V> {
        self.iter()
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| {
            self.insert(key, value);
        });
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: PartialOrd, V: PartialOrd> PartialOrd for SortedMap<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other.iter())
    }
}

impl<K: Ord, V: Ord> Ord for SortedMap<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Serialize, V: Serialize> Serialize for SortedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

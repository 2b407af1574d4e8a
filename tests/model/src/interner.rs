//! Small numbers for values: states hold them in place of texts.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, RwLock};

/// A table of values, each with its number.
#[derive(Debug)]
pub struct Interner<T>(RwLock<Table<T>>);

#[derive(Debug)]
struct Table<T> {
    values: Vec<Arc<T>>,
    numbers: HashMap<Arc<T>, u16>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self(RwLock::new(Table { values: Vec::new(), numbers: HashMap::new() }))
    }
}

impl<T: Eq + Hash> Interner<T> {
    /// The number of a value.
    pub fn number(&self, value: T) -> u16 {
        let mut table = self.0.write().unwrap();
        if let Some(&number) = table.numbers.get(&value) {
            return number;
        }
        let number = u16::try_from(table.values.len()).unwrap();
        let value = Arc::new(value);
        table.values.push(Arc::clone(&value));
        table.numbers.insert(value, number);
        number
    }

    /// The value of a number that this table gave.
    pub fn value(&self, number: u16) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap().values[usize::from(number)])
    }
}

//! The sorted map and set, beside those of the standard library.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use stepgate_config::sorted::{SortedMap, SortedSet};

/// Checks that the two have the same entries, in all ways to ask.
fn same(map: &SortedMap<String, u32>, std: &BTreeMap<String, u32>) -> Result<(), TestCaseError> {
    prop_assert!(map.iter().eq(std));
    prop_assert!(map.into_iter().eq(std));
    prop_assert!(map.keys().eq(std.keys()));
    prop_assert!(map.values().eq(std.values()));
    prop_assert!(map.clone().into_iter().eq(std.clone()));
    prop_assert!(map.clone().into_values().eq(std.clone().into_values()));
    prop_assert_eq!((map.len(), map.is_empty()), (std.len(), std.is_empty()));
    prop_assert_eq!(format!("{map:?}"), format!("{std:?}"));
    prop_assert_eq!(serde_json::to_value(map).ok(), serde_json::to_value(std).ok());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_map_is_one_of_the_standard_library(
        entries in vec(("[a-c]{0,3}", any::<u32>()), 0..60),
        others in vec(("[a-c]{0,2}", 0_u32..2), 0..6),
        more in vec(("[a-c]{0,2}", 0_u32..2), 0..6),
    ) {
        let (mut map, mut std) = (SortedMap::new(), BTreeMap::new());
        for (key, value) in &entries {
            prop_assert_eq!(map.insert(key.clone(), *value), std.insert(key.clone(), *value));
        }
        same(&map, &std)?;
        for (key, value) in &others {
            prop_assert_eq!(map.get(key.as_str()), std.get(key.as_str()));
            prop_assert_eq!(map.contains_key(key.as_str()), std.contains_key(key.as_str()));
            prop_assert!(map.after(key).eq(std.range::<String, _>((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded))));
            *map.entry(key.clone()).or_insert(*value) ^= 1;
            *std.entry(key.clone()).or_insert(*value) ^= 1;
            *map.entry(format!("{key}{key}")).or_default() ^= 2;
            *std.entry(format!("{key}{key}")).or_default() ^= 2;
        }
        same(&map, &std)?;
        let (one, two): (SortedMap<_, _>, SortedMap<_, _>) = (others.iter().cloned().collect(), more.iter().cloned().collect());
        let (std_one, std_two): (BTreeMap<_, _>, BTreeMap<_, _>) = (others.into_iter().collect(), more.into_iter().collect());
        prop_assert_eq!(one.cmp(&two), std_one.cmp(&std_two));
        prop_assert_eq!(one.partial_cmp(&two), std_one.partial_cmp(&std_two));
        prop_assert_eq!(one == two, std_one == std_two);
    }

    #[test]
    fn a_set_is_one_of_the_standard_library(items in vec(0_u8..30, 0..20), others in vec(0_u8..30, 0..20)) {
        let (mut set, mut std) = (SortedSet::new(), BTreeSet::new());
        for item in items {
            prop_assert_eq!(set.insert(item), std.insert(item));
        }
        let (other, std_other): (SortedSet<u8>, BTreeSet<u8>) = (others.iter().copied().collect(), others.iter().copied().collect());
        prop_assert!(set.iter().eq(&std) && set.clone().into_iter().eq(std.clone()));
        prop_assert_eq!((set.first(), set.len(), set.is_empty()), (std.first(), std.len(), std.is_empty()));
        prop_assert!(set.difference(&other).eq(std.difference(&std_other)));
        prop_assert_eq!(set.is_disjoint(&other), std.is_disjoint(&std_other));
        prop_assert_eq!(set.cmp(&other), std.cmp(&std_other));
        for item in 0..30 {
            prop_assert_eq!(set.contains(&item), std.contains(&item));
        }
        prop_assert_eq!(format!("{set:?}"), format!("{std:?}"));
        let json = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&std).unwrap());
        prop_assert_eq!(serde_json::from_str::<SortedSet<u8>>(&json).unwrap(), set);
    }
}

#[test]
fn many_entries_keep_their_order_whatever_the_order_in_which_they_come() {
    // Some runs of the order's numbers are divided, at their ends and between.
    let number = 20_000_u32;
    for step in [1, 7_919, number - 1] {
        let keys = (0..number).map(|at| u64::from(at) * u64::from(step) % u64::from(number));
        let mut map = SortedMap::new();
        for key in keys.clone().chain(keys) {
            *map.entry(key).or_insert(0) += 1;
        }
        assert!(map.iter().map(|(key, times)| (*key, *times)).eq((0..u64::from(number)).map(|key| (key, 2))));
        assert_eq!(map.get(&12_345), Some(&2));
        assert_eq!(map.after(&19_997).map(|(key, _)| *key).collect::<Vec<_>>(), [19_998, 19_999]);
    }
}

//! Variants in turns, so that other work of the machine affects all of them alike.

/// Measures each of `variants` once a round: `N` quantities at a time. Each round begins with another
/// variant, so that none always runs on the caches that the same other one left. Returns, for
/// each quantity and each variant, the values in the order of the rounds.
pub(super) fn in_turns<const N: usize>(
    rounds: usize,
    variants: usize,
    mut once: impl FnMut(usize) -> Result<[f64; N], String>,
) -> Result<[Vec<Vec<f64>>; N], String> {
    let mut series = [const { Vec::new() }; N];
    for quantity in &mut series {
        quantity.resize_with(variants, Vec::new);
    }
    for round in 0..rounds {
        for variant in (0..variants).cycle().skip(round.checked_rem(variants).unwrap_or_default()).take(variants) {
            let values = once(variant)?;
            for (quantity, value) in series.iter_mut().zip(values) {
                quantity.get_mut(variant).ok_or("too many variants")?.push(value);
            }
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_each_variant_and_begins_with_the_next() {
        let mut order = Vec::new();
        let [series] = in_turns(2, 3, |variant| {
            order.push(variant);
            Ok([f64::from(u8::try_from(order.len()).unwrap())])
        })
        .unwrap();
        assert_eq!(order, [0, 1, 2, 1, 2, 0]);
        assert_eq!(series, [[1.0, 6.0], [2.0, 4.0], [3.0, 5.0]]);
    }
}

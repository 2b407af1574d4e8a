//! Whether each of several tasks can have a performer of its own.

use std::collections::{BTreeMap, VecDeque};

/// Steps of the search in one document. What takes more is not found; the gates enforce the constraint all the same.
pub(super) const MAX_STEPS: usize = 1 << 20;

/// Tasks that together have fewer performers than they are, where there are some: `performers` are those of each task, by
/// number. This is a matching in a bipartite graph, by augmenting paths.
pub(super) fn lacking(performers: &[Vec<usize>], left: &mut usize) -> Option<Vec<usize>> {
    // Of each task its performer so far, and the reverse.
    let (mut performs, mut performed): (BTreeMap<usize, usize>, BTreeMap<usize, usize>) = Default::default();
    for start in 0..performers.len() {
        // The task from which each performer was reached.
        let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
        let (mut open, mut tasks, mut free) = (VecDeque::from([start]), vec![start], None);
        while let (Some(task), None) = (open.pop_front(), free) {
            for &one in performers.get(task).into_iter().flatten() {
                *left = left.checked_sub(1)?;
                if reached.contains_key(&one) {
                    continue;
                }
                reached.insert(one, task);
                match performs.get(&one) {
                    Some(&other) => {
                        open.push_back(other);
                        tasks.push(other);
                    }
                    None => {
                        free = Some(one);
                        break;
                    }
                }
            }
        }
        let Some(mut one) = free else { return Some(tasks) };
        while let Some(&task) = reached.get(&one) {
            performs.insert(one, task);
            match performed.insert(task, one) {
                Some(before) => one = before,
                None => break,
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(performers: &[&[usize]]) -> Option<Vec<usize>> {
        let performers: Vec<Vec<usize>> = performers.iter().map(|of| of.to_vec()).collect();
        let mut found = lacking(&performers, &mut MAX_STEPS.clone())?;
        found.sort_unstable();
        Some(found)
    }

    #[test]
    fn each_task_gets_a_performer_of_its_own_where_that_is_possible() {
        assert_eq!(found(&[&[1, 2], &[1], &[2, 3]]), None);
        assert_eq!(found(&[&[1, 2], &[1, 2], &[2, 3], &[3, 1]]), Some(vec![0, 1, 2, 3]));
        assert_eq!(found(&[&[5], &[1], &[1], &[7]]), Some(vec![1, 2]));
        assert_eq!(found(&[&[]]), Some(vec![0]));
        assert_eq!(lacking(&[vec![1], vec![1]], &mut 1), None);
    }
}

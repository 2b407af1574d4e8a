//! Memory that the proxy asks this module for, to hand something over in.
//!
//! Only what was lent, at its own size, is taken back: a pointer of any other making would be freed as
//! if it were ours, and corrupt the memory of every stream of this worker.

use std::cell::RefCell;
use std::ptr::{null_mut, slice_from_raw_parts_mut};

use stepgate_config::MAX_INPUT;

/// Most pieces that are lent at one time. One call hands over one.
const MAX_LENT: usize = 8;

thread_local! {
    static LENT: RefCell<Vec<Lent>> = const { RefCell::new(Vec::new()) };
}

/// One piece of memory, as it came out of its box.
struct Lent(*mut [u8]);

impl Lent {
    fn give_back(self) -> Vec<u8> {
        // SAFETY: made by `Box::into_raw` in `lend`, and consumed here, so once.
        unsafe { Box::from_raw(self.0) }.into_vec()
    }
}

/// Memory of this size; null where there is none to be had, or nobody should want so much.
pub(super) fn lend(size: usize) -> *mut u8 {
    let mut memory = Vec::new();
    if size > MAX_INPUT || memory.try_reserve_exact(size).is_err() {
        return null_mut();
    }
    memory.resize(size, 0);
    LENT.with_borrow_mut(|lent| {
        if lent.len() >= MAX_LENT {
            return null_mut();
        }
        let piece = Box::into_raw(memory.into_boxed_slice());
        lent.push(Lent(piece));
        piece.cast()
    })
}

/// What a call hands over.
pub(super) struct Given {
    pub(super) data: *mut u8,
    pub(super) size: usize,
}

impl Default for Given {
    /// Before the call. What an earlier one asked for and never handed over is freed.
    fn default() -> Self {
        free_all();
        Self { data: null_mut(), size: 0 }
    }
}

impl Given {
    /// The bytes; none where they stand in no memory that was lent for them.
    pub(super) fn take(self) -> Option<Vec<u8>> {
        if self.data.is_null() {
            return (self.size == 0).then(Vec::new);
        }
        let wanted = slice_from_raw_parts_mut(self.data, self.size);
        let found = LENT.with_borrow_mut(|lent| {
            let at = lent.iter().position(|piece| std::ptr::addr_eq(piece.0, wanted) && piece.0.len() == self.size)?;
            Some(lent.swap_remove(at))
        });
        found.map(Lent::give_back)
    }
}

fn free_all() {
    for piece in LENT.take() {
        drop(piece.give_back());
    }
}

//! Faults of the module's calls to its proxy.

use super::status::{BAD_ARGUMENT, CAS_MISMATCH, INTERNAL_FAILURE, NOT_FOUND, SERIALIZATION_FAILURE};

/// The functions that a module calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names of the ABI")]
pub enum Function {
    Log,
    Time,
    Tick,
    Buffer,
    Property,
    SetProperty,
    Pairs,
    Remove,
    Replace,
    GetShared,
    SetShared,
    Respond,
    Close,
    DefineMetric,
    IncrementMetric,
    Verify,
    Sign,
    Random,
    Environment,
    Write,
}

impl Function {
    /// Whether it returns bytes.
    pub fn gives_bytes(self) -> bool {
        use Function::{Buffer, GetShared, Pairs, Property, Sign, Verify};
        matches!(self, Buffer | Property | Pairs | GetShared | Verify | Sign)
    }

    /// Whether Envoy returns this status for this function, so that the module must continue with it. The SDK
    /// panics on all others; the two calls that bypass the SDK accept any.
    fn can_give(self, status: u32) -> bool {
        match self {
            Self::Respond | Self::SetProperty => true,
            Self::Buffer | Self::GetShared => status == NOT_FOUND,
            Self::Property => [NOT_FOUND, SERIALIZATION_FAILURE, INTERNAL_FAILURE].contains(&status),
            Self::SetShared => status == CAS_MISMATCH,
            Self::IncrementMetric => [NOT_FOUND, BAD_ARGUMENT].contains(&status),
            Self::Verify | Self::Sign => {
                [NOT_FOUND, BAD_ARGUMENT, SERIALIZATION_FAILURE, INTERNAL_FAILURE].contains(&status)
            }
            Self::Log | Self::Time | Self::Tick | Self::Pairs | Self::Remove | Self::Replace | Self::Close => false,
            Self::DefineMetric | Self::Random | Self::Environment | Self::Write => false,
        }
    }
}

/// The behaviour of a call in place of the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has no effect, and returns this status.
    Fails(u32),
    /// It has its effect, but returns this status.
    DoneButSays(u32),
    /// It reports success, and returns no bytes.
    Silent,
    /// It returns a null pointer of this size.
    Null(u32),
    /// It returns memory of its own choice.
    Elsewhere(u32, u32),
    /// It allocates memory, and then reports a size that differs by this much.
    Misjudged(i32),
    /// It returns other bytes.
    Bytes(Odd),
    /// It returns these bytes.
    Answers(Vec<u8>),
    /// It returns another time, in nanoseconds.
    Time(u64),
    /// It calls the module before it returns: the callback and its arguments.
    Within(&'static str, Vec<u32>),
}

impl Fault {
    /// Whether the module may trap on it. Only a proxy that lies does this, and no peer can cause it; a trap
    /// ends the VM, and so fails closed (docs/adr/0020).
    pub fn may_trap(&self, function: Function) -> bool {
        match self {
            Self::Fails(status) | Self::DoneButSays(status) => !function.can_give(*status),
            // Memory that was not lent, or less than claimed; a callback before the last one has returned.
            Self::Elsewhere(..) | Self::Misjudged(_) | Self::Within(..) => true,
            // A malformed header map.
            Self::Bytes(_) => function == Function::Pairs,
            Self::Silent | Self::Null(_) | Self::Answers(_) | Self::Time(_) => false,
        }
    }
}

/// Wrong bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// None.
    Empty,
    /// The first half.
    Half,
    /// All but the last.
    OneLess,
    /// One more.
    OneMore,
    /// As many, but different.
    All(u8),
    /// 2 MiB of them.
    Huge,
    /// One byte before the names of a header map is changed: its index, and its new value.
    Bent(usize, u8),
}

impl Odd {
    /// The wrong bytes for these.
    pub fn of(self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Half => {
                bytes.truncate(bytes.len() / 2);
                bytes
            }
            Self::OneLess => {
                bytes.pop();
                bytes
            }
            Self::OneMore => {
                bytes.push(0);
                bytes
            }
            Self::All(byte) => vec![byte; bytes.len()],
            Self::Huge => vec![0xff; 2 << 20],
            Self::Bent(at, to) => {
                let count = bytes.first().copied().map_or(0, usize::from);
                let names = count.saturating_mul(8).saturating_add(4);
                if let Some(byte) = bytes.get_mut(at).filter(|_| at < names) {
                    *byte = to;
                }
                bytes
            }
        }
    }
}

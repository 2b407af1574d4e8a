//! What can go wrong with a call of the module to its proxy.

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
    Add,
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
    /// Whether it hands over bytes.
    pub fn gives_bytes(self) -> bool {
        use Function::{Buffer, GetShared, Pairs, Property, Sign, Verify};
        matches!(self, Buffer | Property | Pairs | GetShared | Verify | Sign)
    }

    /// Whether this status is one that Envoy gives for this function, so that the module must go on with it. The SDK
    /// panics on all others; the two calls that go past the SDK take any.
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
            Self::Log | Self::Time | Self::Tick | Self::Pairs | Self::Remove | Self::Add | Self::Close => false,
            Self::DefineMetric | Self::Random | Self::Environment | Self::Write => false,
        }
    }
}

/// What a call does in place of what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing, and says this.
    Fails(u32),
    /// It does what it should, and says this all the same.
    DoneButSays(u32),
    /// It says that all is well, and hands over nothing.
    Silent,
    /// It hands over a null pointer of this size.
    Null(u32),
    /// It hands over memory of its own choice.
    Elsewhere(u32, u32),
    /// It asks for memory and then says that it is so much larger or smaller.
    Misjudged(i32),
    /// It hands over other bytes.
    Bytes(Odd),
    /// It hands over these.
    Answers(Vec<u8>),
    /// It says another time, in nanoseconds.
    Time(u64),
    /// It calls the module before it answers: the callback and its arguments.
    Within(&'static str, Vec<u32>),
}

impl Fault {
    /// Whether the module may trap on it. Only a proxy that lies does such a thing, and no peer can make it; a trap
    /// ends the VM, and so fails closed (docs/adr/0020).
    pub fn may_trap(&self, function: Function) -> bool {
        match self {
            Self::Fails(status) | Self::DoneButSays(status) => !function.can_give(*status),
            // Memory that was not lent, or not so much of it; a callback before the last one has returned.
            Self::Elsewhere(..) | Self::Misjudged(_) | Self::Within(..) => true,
            // A header map that is none.
            Self::Bytes(_) => function == Function::Pairs,
            Self::Silent | Self::Null(_) | Self::Answers(_) | Self::Time(_) => false,
        }
    }
}

/// Bytes that are not those that should be there.
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
    /// As many, all the same.
    All(u8),
    /// 2 MiB of them.
    Huge,
    /// One of the bytes before the names of a header map is another: which, and what it is instead.
    Bent(usize, u8),
}

impl Odd {
    /// What becomes of these bytes.
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

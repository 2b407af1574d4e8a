//! What can go wrong with a call of the module to its proxy.

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
    Value,
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
        use Function::{Buffer, GetShared, Pairs, Property, Sign, Value, Verify};
        matches!(self, Buffer | Property | Pairs | Value | GetShared | Verify | Sign)
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
    /// One of those before the names of a header map, its count and its sizes, is another: where, and what is put
    /// there.
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

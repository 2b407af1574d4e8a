//! Randomness of the system.

use super::LabError;

/// A random number.
pub(super) fn number() -> Result<u64, LabError> {
    Ok(getrandom::u64()?)
}

/// 256 random bits, as 64 hexadecimal digits.
pub(super) fn secret() -> Result<String, LabError> {
    (0..4).map(|_| Ok(format!("{:016x}", number()?))).collect()
}

/// A name for an instance that no other has.
pub(super) fn instance_name() -> Result<String, LabError> {
    Ok(format!("{:016x}", number()?))
}

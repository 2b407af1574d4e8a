//! Header maps as the ABI passes them, written from the specification, not from the filter's code.

use stepgate_decision::Header;

/// A count, the sizes of names and values, then each name and value, each followed by a zero.
pub(super) fn write(headers: &[Header]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = Vec::from(number(headers.len()));
    for (name, value) in headers {
        bytes.extend([number(name.len()), number(value.len())].concat());
    }
    for (name, value) in headers {
        bytes.extend(name.bytes().chain([0]));
        bytes.extend(value.iter().copied().chain([0]));
    }
    bytes
}

/// Reads such a map; none if the bytes are malformed.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Header>> {
    let number = |at: usize| -> Option<usize> {
        let four = bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*four)).ok()
    };
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let count = number(0)?;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    let mut piece = |size: usize| -> Option<Vec<u8>> {
        let piece = bytes.get(at..)?.get(..size)?.to_vec();
        at = at.checked_add(size)?.checked_add(1)?;
        Some(piece)
    };
    let mut headers = Vec::new();
    for n in 0..count {
        let sizes = n.checked_mul(8)?.checked_add(4)?;
        let (name, value) = (piece(number(sizes)?)?, piece(number(sizes.checked_add(4)?)?)?);
        headers.push((String::from_utf8(name).ok()?, value));
    }
    Some(headers)
}

//! A subjectAltName of any bytes: a library would reject the malformed names that a gate must survive.

/// `GeneralNames ::= SEQUENCE OF GeneralName` with one `uniformResourceIdentifier [6] IA5String` (RFC 5280, section
/// 4.2.1.6).
pub fn subject_alt_name(uri: &[u8]) -> Vec<u8> {
    der(0x30, &der(0x86, uri))
}

/// Tag, length, content: X.690, section 8.1.3.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = content.len().to_be_bytes();
            let digits = bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<_>>();
            // A usize has at most eight bytes.
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_der() {
        assert_eq!(der(0x86, b"ab"), b"\x86\x02ab");
        assert_eq!(der(0x86, &[0; 0x80])[..3], [0x86, 0x81, 0x80]);
        assert_eq!(der(0x86, &[0; 0x1234])[..4], [0x86, 0x82, 0x12, 0x34]);
    }
}

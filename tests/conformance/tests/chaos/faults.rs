//! The possible faults of a call.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use stepgate_tests::wasm::{Fault, Function, Odd, ROOT, STATUSES, signed, verdict};

use crate::script::STREAM;

/// Seconds of a year, and nanoseconds of a second.
const YEAR: u64 = 365 * 24 * 3600;
const SECOND: u64 = 1_000_000_000;

/// Faults of a call to this function, whatever its arguments.
pub(crate) fn all_faults(function: Function) -> Vec<Fault> {
    of_statuses(function, &STATUSES)
}

/// The same with only a few statuses: not found, a mismatch, a failure, and an undefined one.
pub(crate) fn faults(function: Function) -> Vec<Fault> {
    of_statuses(function, &[1, 8, 10, u32::MAX])
}

fn of_statuses(function: Function, statuses: &[u32]) -> Vec<Fault> {
    let mut all: Vec<Fault> = statuses.iter().map(|status| Fault::Fails(*status)).collect();
    all.push(Fault::DoneButSays(10));
    all.push(Fault::Silent);
    if function.gives_bytes() {
        all.extend([0, 1, 64, u32::MAX].map(Fault::Null));
        all.extend(
            [(8, 4), (1 << 20, 1000), (u32::MAX - 15, 64), (u32::MAX, u32::MAX)].map(|(p, s)| Fault::Elsewhere(p, s)),
        );
        all.extend([-1, 1, 1 << 20, i32::MAX].map(Fault::Misjudged));
        all.extend(
            [Odd::Empty, Odd::Half, Odd::OneLess, Odd::OneMore, Odd::All(0), Odd::All(b'a'), Odd::All(0xff), Odd::Huge]
                .map(Fault::Bytes),
        );
    }
    if function == Function::Pairs {
        // The count, not the sizes, names and values: a proxy is trusted for which headers it has.
        all.extend((0..4).map(|at| Fault::Bytes(Odd::Bent(at, 0xff))));
        all.extend((0..3).map(|count| Fault::Bytes(Odd::Bent(0, count))));
    }
    if function == Function::Environment {
        all.extend([1, 5000, i32::MAX].map(Fault::Misjudged));
    }
    if function == Function::Time {
        let now = 1_800_000_000 * SECOND;
        all.extend([0, 1, u64::MAX, now - 30 * YEAR * SECOND, now + 90 * YEAR * SECOND].map(Fault::Time));
    }
    if function == Function::Verify {
        all.extend(verdicts().map(Fault::Answers));
    }
    if function == Function::Sign {
        all.extend(signatures().map(Fault::Answers));
    }
    all.extend(callbacks());
    all
}

/// The one lie about a signature that a gate cannot detect.
pub(crate) fn good() -> Vec<u8> {
    verdict(true, "")
}

/// Possible answers of a proxy about a signature.
fn verdicts() -> [Vec<u8>; 7] {
    [
        good(),
        verdict(false, "no"),
        verdict(true, "and an error"),
        verdict(false, ""),
        // An unknown field, cut short; a long one; and the `true` with another type.
        [good(), vec![0x1a, 0xff, 0xff, 0x03]].concat(),
        [good(), vec![0x1a, 0x80, 0x08], vec![0; 1024]].concat(),
        vec![0x0a, 0x01, 0x01],
    ]
}

/// Possible answers of a proxy that is asked to sign.
fn signatures() -> [Vec<u8>; 9] {
    let other: Signature = SigningKey::from_slice(&[7; 32]).unwrap().sign(b"another text");
    let der = other.to_der().as_bytes().to_vec();
    [
        signed(true, &der, ""),
        signed(true, &der, "and an error"),
        signed(false, &der, ""),
        signed(true, &[], ""),
        signed(true, &other.to_bytes(), ""),
        signed(true, &[der.clone(), vec![0]].concat(), ""),
        // r and s of 0; a number that is not in its shortest form; lengths that do not end.
        signed(true, &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00], ""),
        signed(true, &[0x30, 0x08, 0x02, 0x02, 0x00, 0x01, 0x02, 0x02, 0x00, 0x01], ""),
        signed(true, &[0x30; 900], ""),
    ]
}

/// Callbacks that a proxy could make while the module waits for an answer.
fn callbacks() -> Vec<Fault> {
    [
        ("proxy_on_request_headers", vec![STREAM, 1, 0]),
        ("proxy_on_request_body", vec![STREAM, 1, 1]),
        ("proxy_on_request_trailers", vec![STREAM, 1]),
        ("proxy_on_response_headers", vec![STREAM, 1, 0]),
        ("proxy_on_tick", vec![ROOT]),
        ("proxy_on_configure", vec![ROOT, 0]),
        ("proxy_on_context_create", vec![STREAM, ROOT]),
        ("proxy_on_delete", vec![STREAM]),
        ("proxy_on_delete", vec![ROOT]),
        ("proxy_on_memory_allocate", vec![u32::MAX]),
        ("proxy_on_memory_allocate", vec![64]),
    ]
    .map(|(name, arguments)| Fault::Within(name, arguments))
    .into()
}

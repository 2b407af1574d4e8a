#!/bin/sh
# get-target.sh TARGET: installs the standard library for TARGET into the pinned toolchain. rustup does so itself when it
# installs that toolchain, but not if the toolchain was installed before, or if RUSTUP_AUTO_INSTALL is 0.
set -eu
target=$1

[ -d "$(rustc --print target-libdir --target "$target")" ] && exit 0

if ! command -v rustup >/dev/null; then
    echo "this Rust has no standard library for $target: install it, or get Rust by rustup (https://rustup.rs)" >&2
    exit 1
fi
echo "== the standard library for $target (once)"
rustup target add "$target"

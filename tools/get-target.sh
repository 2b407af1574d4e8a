#!/bin/sh
# get-target.sh TARGET: sees to it that the pinned toolchain can build for TARGET. rustup does so by itself when it
# installs that toolchain, but not where the toolchain was there before, or RUSTUP_AUTO_INSTALL is 0.
set -eu
target=$1

[ -d "$(rustc --print target-libdir --target "$target")" ] && exit 0

if ! command -v rustup >/dev/null; then
    echo "this Rust has no standard library for $target: install it, or get Rust by rustup (https://rustup.rs)" >&2
    exit 1
fi
echo "== the standard library for $target (once)"
rustup target add "$target"

#!/bin/sh
# build-filter.sh TARGET: builds the filter. The same sources make the same bytes, wherever they and cargo's
# own files lie: a panic names the file that it is in, so those names are made the same first.
set -eu
target=$1

registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
# Where the toolchain brings the sources of the standard library, what is inlined names them there.
library=$(rustc --print sysroot)/lib/rustlib/src/rust
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
rustflags="--remap-path-prefix=$registry=/cargo --remap-path-prefix=$library=/rustc/$commit"

# Flags that someone set for all of their builds would come before these, and change the bytes.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
variable=CARGO_TARGET_$(echo "$target" | tr 'a-z-' 'A-Z_')_RUSTFLAGS
exec env "$variable=$rustflags" cargo build --locked --profile filter --target "$target" -p stepgate-filter

#!/bin/sh
# build-filter.sh TARGET: builds the filter. The same sources make the same bytes, in any folder and with any
# home of cargo: a panic message contains a file name, so these names are mapped to fixed ones.
set -eu
target=$1

registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
# If the toolchain has the sources of the standard library, inlined code names their files.
library=$(rustc --print sysroot)/lib/rustlib/src/rust
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
rustflags="--remap-path-prefix=$registry=/cargo --remap-path-prefix=$library=/rustc/$commit"
# Indices in the code take as many bytes as they need, not five each. `make sizes` keeps names and relocations.
[ "${CARGO_PROFILE_FILTER_STRIP:-}" = none ] || rustflags="$rustflags -Clink-arg=--compress-relocations"

# Flags that a user sets for all builds would take precedence over these, and change the bytes.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
variable=CARGO_TARGET_$(echo "$target" | tr 'a-z-' 'A-Z_')_RUSTFLAGS
exec env "$variable=$rustflags" cargo build --locked --profile filter --target "$target" -p stepgate-filter

#!/bin/sh
# reproducible.sh TARGET MODULE: builds the filter a second time, from a copy in another folder, with another
# target directory and another home of cargo, and compares it with MODULE.
set -eu
target=$1
module=$2

root=$(cd "$(dirname "$0")/.." && pwd)
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
mkdir -p "$other/some where/sources" "$other/home"
(cd "$root" && tar -cf - --exclude=./target --exclude=./.git .) | tar -xf - -C "$other/some where/sources"
for part in "${CARGO_HOME:-$HOME/.cargo}"/*; do
    ln -s "$part" "$other/home/"
done
(cd "$other/some where/sources" &&
    CARGO_HOME=$other/home CARGO_TARGET_DIR=$other/target tools/build-filter.sh "$target")
sha256sum "$module" "$other/target/$target/filter/stepgate_filter.wasm"
cmp "$module" "$other/target/$target/filter/stepgate_filter.wasm"
echo "the same bytes"

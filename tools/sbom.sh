#!/bin/sh
# sbom.sh PACKAGE TARGET FILE: writes the bill of materials (CycloneDX, JSON) of a package as it is built for
# TARGET. The same lock file makes the same bytes: it has no date, no serial number and no path of this machine.
set -eu
package=$1
target=$2
out=$3
cyclonedx=${CARGO_CYCLONEDX:-cargo-cyclonedx}

root=$(cd "$(dirname "$0")/.." && pwd)
# cargo-cyclonedx can only write beside the manifests, so it works on a copy.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$root" && find . -name target -prune -o \( -name Cargo.toml -o -name Cargo.lock -o -name '*.rs' \) -print |
    tar -cf - -T -) | tar -xf - -C "$copy"
SOURCE_DATE_EPOCH=0 "$cyclonedx" cyclonedx --quiet --manifest-path "$copy/Cargo.toml" --format json \
    --spec-version 1.5 --target "$target" --override-filename bom
mkdir -p "$(dirname "$out")"
sed "s|file://$copy/*||g; s|$copy/*||g" "$copy/$package/bom.json" >"$out"

#!/bin/sh
# get-crds.sh DIRECTORY VERSION...: puts the CustomResourceDefinitions of Istio's releases into DIRECTORY.
set -eu
crds=$1
shift

if ! command -v go >/dev/null; then
    echo "Istio's schemas come as Go modules, and Go is not on this machine: manifests are not held against them" >&2
    exit 0
fi
mkdir -p "$crds"
for version in "$@"; do
    file=$crds/$version.yaml
    [ -s "$file" ] && continue
    echo "== the schemas of Istio $version (once; into $crds)"
    dir=$(cd "$crds" && GOFLAGS=-modcacherw go mod download -json "istio.io/api@v$version" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
    cp "$dir/kubernetes/customresourcedefinitions.gen.yaml" "$file.new"
    chmod u+w "$file.new"
    mv "$file.new" "$file"
done

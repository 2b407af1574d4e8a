#!/bin/sh
# get-crds.sh DIRECTORY VERSION...: puts the CustomResourceDefinitions of Istio's releases into DIRECTORY, and that of
# the Gateway API's Gateway, which declares a waypoint, into DIRECTORY/gateway-api.
set -eu
crds=$1
shift
# The newest of these releases is built with this version.
gateway_api=1.6.0

if ! command -v go >/dev/null; then
    echo "Istio's schemas come as Go modules, and Go is not installed: manifests are not checked against them" >&2
    exit 0
fi
mkdir -p "$crds/gateway-api"

# get MODULE@vVERSION FILE-IN-IT FILE
get() {
    [ -s "$3" ] && return
    echo "== the schemas of $1 (once; into $crds)"
    dir=$(cd "$crds" && GOFLAGS=-modcacherw go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
    cp "$dir/$2" "$3.new"
    chmod u+w "$3.new"
    mv "$3.new" "$3"
}

# An earlier run may have left releases that are not supported any more.
keep=" $* $gateway_api "
for file in "$crds"/*.yaml "$crds"/gateway-api/*.yaml; do
    version=$(basename "$file" .yaml)
    case $keep in *" $version "*) ;; *) rm -f "$file" ;; esac
done
for version in "$@"; do
    get "istio.io/api@v$version" kubernetes/customresourcedefinitions.gen.yaml "$crds/$version.yaml"
done
get "sigs.k8s.io/gateway-api@v$gateway_api" config/crd/standard/gateway.networking.k8s.io_gateways.yaml \
    "$crds/gateway-api/$gateway_api.yaml"

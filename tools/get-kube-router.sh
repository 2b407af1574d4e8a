#!/bin/sh
# get-kube-router.sh DIRECTORY: builds kube-router, which enforces NetworkPolicies in the test bed, into DIRECTORY.
# tools/kube-router/go.mod pins its version. Does nothing if it is built already.
#
# About 4 minutes of processor time from nothing. DIRECTORY/go may be removed afterwards.
set -eu
umask 022
into=$1
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v go >/dev/null; then
    echo "kube-router is built with Go, which is not installed: install Go" >&2
    exit 1
fi

# Written last, so that an interrupted build is repeated.
done=$into/.built-$(cat "$here"/kube-router/go.mod "$here"/kube-router/go.sum "$0" | sha256sum | cut -c 1-16)
[ -e "$done" ] && exit 0

echo "== kube-router (once; into $into)"
mkdir -p "$into/bin"
export GOMODCACHE="$into/go/mod" GOCACHE="$into/go/build"
# -modcacherw: Go makes its module cache read-only otherwise, and it could not be removed.
export GOFLAGS='-buildvcs=false -trimpath -modcacherw -mod=readonly'
cd "$here/kube-router"
CGO_ENABLED=0 go build -ldflags '-s -w' -o "$into/bin/" github.com/cloudnativelabs/kube-router/v2/cmd/kube-router
rm -f "$into"/.built-*
touch "$done"

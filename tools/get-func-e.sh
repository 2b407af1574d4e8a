#!/bin/sh
# get-func-e.sh VERSION DIRECTORY: builds func-e into DIRECTORY, unless FUNC_E names a program.
set -eu
version=$1
bin=$2

[ -x "${FUNC_E:-}" ] && exit 0
if ! command -v go >/dev/null; then
    echo "func-e is built with Go, which is not installed: install Go, or put func-e on the PATH" >&2
    exit 1
fi
echo "== func-e $version (once; into $bin)"
mkdir -p "$bin"
GOBIN=$bin go install "github.com/tetratelabs/func-e/cmd/func-e@v$version"

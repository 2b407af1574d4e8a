#!/bin/sh
# get-debian.sh PACKAGE...: sees to it that these packages of Debian (or Ubuntu) are installed. COMMAND=PACKAGE
# asks for the package only where the machine has no such command. Starts none of the services in them.
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
    echo "not on this machine:$missing; as root on Debian or Ubuntu they would be installed, else it is yours to do" >&2
    exit 1
fi
echo "== from Debian (once):$missing"
# Asked by every package that brings a service; 101 means: do not start it.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
fi
export DEBIAN_FRONTEND=noninteractive
# Others may be installing too.
apt() { apt-get -o DPkg::Lock::Timeout=600 -qq "$@"; }
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing >/dev/null 2>&1 && exit 0
# Perhaps the list of packages is old, or not there yet.
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing >/dev/null

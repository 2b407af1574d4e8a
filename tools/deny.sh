#!/bin/sh
# deny.sh: licences, bans and sources always; advisories where their database can be fetched.
set -eu
deny=${CARGO_DENY:-cargo-deny}

"$deny" --log-level error check licenses bans sources

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if timeout 120 "$deny" --log-level error fetch db 2>"$log"; then
    "$deny" --log-level error check --disable-fetch advisories
else
    # A machine without that network must still be able to run the tests; it says what it left out.
    echo "advisories NOT checked, their database cannot be fetched: $(grep . "$log" | tail -n 1)"
fi

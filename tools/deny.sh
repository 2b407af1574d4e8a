#!/bin/sh
# deny.sh: checks licences, bans and sources always, and advisories if their database can be fetched.
set -eu
deny=${CARGO_DENY:-cargo-deny}

"$deny" --log-level error check licenses bans sources

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if timeout 120 "$deny" --log-level error fetch db 2>"$log"; then
    "$deny" --log-level error check --disable-fetch advisories
else
    # A machine without network access must still be able to run the tests, and says what it left out.
    echo "advisories NOT checked, their database cannot be fetched: $(grep . "$log" | tail -n 1)"
fi

#!/bin/sh
# prepare.sh [DIRECTORY]: generates the secret files that envoy/local.yaml needs: a CA, X.509-SVIDs of the
# gate (vfx-1), of a permitted caller (owner) and of a caller that the gate refuses (hdr), and the key that
# signs the steps. They go into DIRECTORY, by default `local` beside this script; existing files stay.
set -eu

if ! command -v openssl >/dev/null; then
    echo "prepare.sh generates keys and certificates with openssl, which is not installed: install it" >&2
    exit 1
fi
dir=${1:-$(dirname "$0")/local}
umask 077
mkdir -p "$dir"
cd "$dir"
# Beside this script git ignores them; elsewhere they ignore themselves.
[ -e .gitignore ] || echo '*' >.gitignore

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

if [ ! -e ca.pem ]; then
    new_key ca.key.pem
    openssl req -x509 -new -key ca.key.pem -days 7 -subj '/CN=stepgate local CA' -out ca.pem
fi

for name in owner vfx-1 hdr; do
    [ -e "$name.pem" ] && continue
    new_key "$name.key.pem"
    # An X.509-SVID has one URI SAN, the SPIFFE ID (X509-SVID, section 2). It serves both ends of mTLS.
    cat >"$name.ext" <<EOF
subjectAltName = URI:spiffe://cluster.local/ns/movie/sa/$name
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
basicConstraints = critical, CA:false
EOF
    openssl req -new -key "$name.key.pem" -subj "/CN=$name" |
        openssl x509 -req -CA ca.pem -CAkey ca.key.pem -CAcreateserial -days 7 \
            -extfile "$name.ext" -out "$name.pem" 2>/dev/null
    rm "$name.ext"
done

if [ ! -e movie.jwk ]; then
    k=$(openssl rand 32 | openssl base64 -A | tr '+/' '-_' | tr -d '=')
    printf '{"kty":"oct","alg":"HS256","kid":"local","k":"%s"}\n' "$k" >movie.jwk
fi
echo "$(pwd): certificates of owner, vfx-1 and hdr for 7 days, and the key of the workflow"

#!/bin/sh
# Makes the secrets of docker-compose.yml in a directory, once: passwords of three database logins, the logins' addresses,
# and the token that opens the OPA server. A file that exists is kept.
#
#   sh deploy/make-secrets.sh secrets
#
# The containers' users read the files, so each has mode 0444; the directory, mode 0700, keeps this machine's users out.
set -eu
directory=${1:?name a directory}
mkdir -p -m 700 "$directory"
chmod 700 "$directory"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep() {
  if [ ! -e "$directory/$1" ]; then
    printf '%s\n' "$2" > "$directory/.$1"
    chmod 444 "$directory/.$1"
    mv "$directory/.$1" "$directory/$1"
  fi
}

for name in postgres_password owner_password server_password opa_token; do keep "$name" "$(random)"; done
host=${EXCHANGE_DB_HOST:-db}
keep owner_database_url "postgresql://exchange_owner:$(cat "$directory/owner_password")@$host/exchange"
keep database_url "postgresql://exchange_server:$(cat "$directory/server_password")@$host/exchange"

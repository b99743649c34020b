#!/bin/sh
# Run once by the image of PostgreSQL, when it makes its data directory: the exchange's database and its two logins, which
# docs/operations/database.md describes. Neither is a superuser.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  -v owner="$(cat "$secrets/owner_password")" -v server="$(cat "$secrets/server_password")" <<'SQL'
CREATE ROLE exchange_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE exchange_server LOGIN PASSWORD :'server';
CREATE DATABASE exchange OWNER exchange_owner;
REVOKE CONNECT ON DATABASE exchange FROM PUBLIC;
GRANT CONNECT ON DATABASE exchange TO exchange_server;
SQL

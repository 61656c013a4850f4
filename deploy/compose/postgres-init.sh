#!/bin/sh
# Run once by the image of Postgres, on an empty volume: roles and databases, each process with what it needs and no more.
set -eu
secret() { cat "/run/secrets/$1"; }

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set owner="$(secret guatu_owner_password)" --set app="$(secret guatu_password)" \
  --set temporal="$(secret temporal_password)" <<'SQL'
CREATE ROLE guatu_owner LOGIN PASSWORD :'owner';
CREATE ROLE guatu LOGIN PASSWORD :'app';
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE guatu OWNER guatu_owner ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT, TEMPORARY ON DATABASE guatu, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE guatu TO guatu;
\connect guatu
-- The owner migrates, and with that gives the processes' role what it needs (guatu migrate --application guatu).
ALTER SCHEMA public OWNER TO guatu_owner;
SQL

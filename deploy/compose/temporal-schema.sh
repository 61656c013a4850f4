#!/bin/sh
# Temporal's two databases brought to the schema of this image's version; again, it changes nothing.
set -eu
SQL_PASSWORD="$(cat "$TEMPORAL_PASSWORD_FILE")"
export SQL_PASSWORD
for part in temporal:temporal temporal_visibility:visibility; do
  database="${part%%:*}"
  set -- --plugin postgres12 --endpoint "$POSTGRES_HOST" --port "$POSTGRES_PORT" --user temporal --database "$database"
  temporal-sql-tool "$@" setup-schema --version 0.0
  temporal-sql-tool "$@" update-schema --schema-dir "$SCHEMA_DIRECTORY/${part##*:}/versioned"
done

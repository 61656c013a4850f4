#!/bin/sh
# The server takes its password from the environment alone, so it is put there from its file at the last moment.
set -eu
POSTGRES_PWD="$(cat "$TEMPORAL_PASSWORD_FILE")"
export POSTGRES_PWD
unset TEMPORAL_PASSWORD_FILE
exec /etc/temporal/entrypoint.sh

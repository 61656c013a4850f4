#!/bin/sh
# Makes what docker-compose.yml reads from the directory "secrets" beside it, each once: what is there stays.
#
#   sudo deploy/compose/secrets.sh
#
# The keys and the pepper are worth a copy apart from this machine: see docs/operations.md, Keys.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "run it as root: the keys belong to the account of the containers" >&2; exit 1; }
account=10001:10001
umask 077
mkdir -p secrets/keys
chown "$account" secrets/keys
# How guatu is run to make keys: in its image, unless GUATU names another way.
guatu() {
  if [ -n "${GUATU:-}" ]; then (cd secrets/keys && "$GUATU" "$@"); else
    docker run --rm --network none --user "$account" --volume "$PWD/secrets/keys:/keys" --workdir /keys \
      "guatu:${GUATU_VERSION:-0.1.0}" "$@"
  fi
}
for name in postgres_password guatu_owner_password guatu_password temporal_password; do
  [ -e "secrets/$name" ] || head -c 32 /dev/urandom | base64 | tr -d '=+/\n' >"secrets/$name"
  # Read by accounts of several images; on this machine only root gets past the directory.
  chmod 444 "secrets/$name"
done
[ -e secrets/keys/pepper ] || head -c 32 /dev/urandom | base64 >secrets/keys/pepper
for name in master payload; do
  [ -e "secrets/keys/$name" ] || guatu master-key new "$name"
done
chown "$account" secrets/keys/*

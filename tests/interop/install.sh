#!/usr/bin/env bash
# Installs the authorization server of the interop tests, and what drives a browser, into .interop/,
# which git ignores. What is there in the right version is left alone. Needs Node 20 with npm.
set -euo pipefail
cd "$(dirname "$0")/../.."

installed() { # PACKAGE: its version in .interop, or nothing
  node -p "require('./.interop/node_modules/$1/package.json').version" 2>/dev/null || true
}

mkdir -p .interop
for package in oidc-provider@9.13.3 playwright-core@1.65.1; do
  name=${package%@*}
  if [ "$(installed "$name")" != "${package##*@}" ]; then
    npm install --prefix .interop --no-audit --no-fund --no-update-notifier --ignore-scripts \
      --loglevel=error "$package"
  fi
  echo "$name $(installed "$name")"
done

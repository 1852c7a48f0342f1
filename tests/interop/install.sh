#!/usr/bin/env bash
# Installs the authorization servers of the interop tests, and what drives a browser. All but
# glewlwyd, a Debian package, goes into .interop/, which git ignores. What is there in the right
# version is left alone. Needs Node 20 with npm, Python 3.10 with venv, openssl; apt for glewlwyd.
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

# With oauthlib 4.0.1 the device endpoint of this version ends in a TypeError.
toolkit=3.4.1 oauthlib=3.3.1
python=.interop/venv/bin/python
versions() {
  "$python" -c 'from importlib.metadata import version
print("django-oauth-toolkit", version("django-oauth-toolkit"), "oauthlib", version("oauthlib"))' \
    2>/dev/null || true
}
wanted="django-oauth-toolkit $toolkit oauthlib $oauthlib"
if [ "$(versions)" != "$wanted" ]; then
  python3 -m venv --clear .interop/venv
  "$python" -m pip install --quiet --disable-pip-version-check \
    "django-oauth-toolkit==$toolkit" "oauthlib==$oauthlib"
fi
versions

if ! command -v glewlwyd >/dev/null || ! command -v sqlite3 >/dev/null; then
  apt-get update -qq
  # The package would start a service of its own; the tests run the program themselves.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get install -y -qq --no-install-recommends glewlwyd sqlite3
fi
glewlwyd --version

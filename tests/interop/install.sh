#!/usr/bin/env bash
# Installs the authorization servers of the interop tests, and the packages that drive a browser. Glewlwyd
# and Doorkeeper are Debian packages; all else goes into .interop/, which git ignores. A package that is there
# in the right version is left alone. Needs Node 20 with npm, Python 3.10 with venv and openssl; apt for the
# two Debian packages.
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

python() { # FOLDER PACKAGE==VERSION...: these in a virtual environment
  local folder=.interop/$1 wanted=${*:2} found
  found=$("$folder/bin/python" - "${@:2}" 2>/dev/null <<'END' || true
import sys
from importlib.metadata import version
names = [wanted.split("==")[0] for wanted in sys.argv[1:]]
print(*(f"{name}=={version(name)}" for name in names))
END
  )
  if [ "$found" != "$wanted" ]; then
    python3 -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"
  fi
  echo "$wanted"
}
# With oauthlib 4.0.1 the device endpoint of this version ends in a TypeError.
python venv django-oauth-toolkit==3.4.1 oauthlib==3.3.1
python authlib authlib==1.9.8 flask==3.1.3
python idpyoidc idpyoidc==5.0.0 flask==3.1.3
# Not a server: another client library, whose program is in the guide.
python requests requests-oauthlib==2.0.0 oauthlib==3.3.1 requests==2.32.5

gems='%w[rails sqlite3 puma doorkeeper].each { |name| gem name }
puts Gem.loaded_specs["doorkeeper"].full_name'
packages=()
if ! command -v glewlwyd >/dev/null || ! command -v sqlite3 >/dev/null; then
  packages+=(glewlwyd sqlite3)
fi
if ! ruby -e "$gems" >/dev/null 2>&1; then
  packages+=(ruby-doorkeeper ruby-rails ruby-sqlite3 puma)
fi
if [ "${#packages[@]}" -ne 0 ]; then
  apt-get update -qq
  # glewlwyd would start a service of its own; the tests run the program themselves.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
glewlwyd --version
ruby -e "$gems"

#!/usr/bin/env bash
# Installs what the tests need beyond npm: three browser engines, Redis, and Ceph with its S3 gateway as the independent
# object store.
# Installs only what is missing, so it may be run any number of times; does nothing when all is there.
set -euo pipefail

# program and the Debian package it comes in
programs=(
  chromium chromium
  redis-server redis-server
  firefox-esr firefox-esr
  WebKitWebDriver webkit2gtk-driver
  Xvfb xvfb
  radosgw radosgw
  ceph-mon ceph-mon
  ceph-osd ceph-osd
)

missing=()
for ((at = 0; at < ${#programs[@]}; at += 2)); do
  # Debian puts servers where not every user's PATH leads.
  if ! PATH="$PATH:/usr/sbin:/sbin" command -v "${programs[at]}" >/dev/null; then
    missing+=("${programs[at + 1]}")
  fi
done

if [ ${#missing[@]} -eq 0 ]; then
  echo "All there."
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "This script knows only Debian and its relatives. Please install by hand: ${missing[*]}" >&2
  echo "Without Ceph the tests against it are skipped; without the browsers the tests in them cannot run." >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Please run this as root, or install as root: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update
# The noninteractive frontend must be named behind sudo, which clears the environment.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"

#!/bin/sh
# Makes the working copy that a practice run looks at, from `base`, once. It is the reader's to throw away.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
copy="$here/broker"
if [ -d "$copy/.git" ]; then
  echo "the working copy stands already"
  exit 0
fi
mkdir -p "$copy"
cp -R "$here/base/." "$copy/"
git -C "$copy" init -q -b main
git -C "$copy" add -A
git -C "$copy" -c user.name=practice -c user.email=practice@broker.example commit -qm "Give the background jobs a worker of their own"
echo "working copy made"

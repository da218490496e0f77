#!/bin/sh
# Makes the working copy that a practice run looks at, from `base`, once. It is the reader's to throw away.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
copy="$here/service"
if [ -d "$copy/.git" ]; then
  echo "the working copy stands already"
  exit 0
fi
# Made aside and moved when it is whole, so that what is cut short leaves no half of it.
made=$(mktemp -d "$here/service.XXXXXX")
cp -R "$here/base/." "$made/"
git -C "$made" init -q -b main
git -C "$made" add -A
git -C "$made" -c user.name=practice -c user.email=practice@agents.example commit -qm "Merge upstream"
mv "$made" "$copy"
echo "working copy made"

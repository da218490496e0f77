#!/bin/sh
# Stands before Terraform: keeps each call with what came of it, and passes it on.
stage='{stage}'
call=1
until mkdir "$stage/calls/$call" 2>/dev/null; do call=$((call + 1)); done
here="$stage/calls/$call"
printf '%s\n' "$@" >"$here/args"
# An interrupt is for Terraform, whose end is waited for.
trap : INT
mkfifo "$here/live"
tee -i "$here/out" <"$here/live" &
'{real}' "$@" >"$here/live" 2>"$here/err"
code=$?
wait
echo "$code" >"$here/exit"
# Terraform makes this folder only for a backend, a module or a provider.
if [ "$1" = init ] && [ -d .terraform ]; then : >"$here/initialised"; fi
cat "$here/err" >&2
exit "$code"

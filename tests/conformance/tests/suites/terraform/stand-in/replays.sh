#!/bin/sh
# Stands in for Terraform: says, call by call, what was recorded of it. A call that was not recorded fails.
# An apply that says `at-the-gate` stops there until the gate is opened or somebody interrupts.
stage='{stage}'
call=1
until mkdir "$stage/began/$call" 2>/dev/null; do call=$((call + 1)); done
here="$stage/calls/$call"
if [ "$(head -n 1 "$here/args" 2>/dev/null)" != "$1" ]; then
    echo "not as recorded: call $call is \`$*\`; record again with: cargo xtask record-terraform" >&2
    exit 99
fi
for word in "$@"; do
    case "$word" in -out=*) echo "recorded plan $call" >"${word#-out=}" ;; esac
done
if [ -e "$here/initialised" ]; then mkdir -p .terraform; fi
interrupted=
trap 'interrupted=yes' INT
if [ "$1" = apply ] && grep -q at-the-gate "$here/out"; then
    passed=
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case "$line" in *at-the-gate*)
            if [ -z "$passed" ]; then
                passed=yes
                : >"$stage/gate.there"
                until [ -e "$stage/gate.go" ] || [ -n "$interrupted" ]; do sleep 0.05; done
            fi ;;
        esac
    done <"$here/out"
else
    cat "$here/out"
fi
cat "$here/err" >&2
exit "$(cat "$here/exit")"

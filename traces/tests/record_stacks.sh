#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where allocations come from: every allocation has its calls and its cgroup, by name where this machine
# tells names; info and export show them, cut keeps them, and they cannot go with a filter.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
command -v jq >/dev/null || skip "no jq here"

"$REC" --dry-run >"$WORK/dry"
grep -q "^lacks: alloc_from: only with --stacks or --cgroups" "$WORK/dry" || fail "--dry-run: $(grep alloc_from "$WORK/dry")"
"$REC" --dry-run --stacks >"$WORK/dry"
grep -q "^attach: tp_btf/mm_page_alloc (program alloc_from)" "$WORK/dry" || fail "--dry-run --stacks: not attached"

"$REC" -q --stacks --cgroups -o "$WORK/a.mmt" -- "$LOAD" -n 20000 >/dev/null || fail "exit $?"
"$BUILD/mmreplay" check "$WORK/a.mmt" >/dev/null || fail "not whole"
"$BUILD/mmreplay" info --json "$WORK/a.mmt" >"$WORK/a.json"
allocs=$(jq .events.alloc "$WORK/a.json") from=$(jq .events.alloc_from "$WORK/a.json")
# One or the other may be the first or the last of the recording, or pass while an interrupt is in its program.
expect "allocations without a caller" $((allocs - from)) -le 10
expect "callers without an allocation" $((from - allocs)) -le 10
expect "different stacks" "$(jq .nr_stacks "$WORK/a.json")" -ge 3
expect "cgroups" "$(jq '.cgroups | length' "$WORK/a.json")" -ge 1
calls=$(jq -r '.stacks[0].calls' "$WORK/a.json")
if [ "$(awk '$1 !~ /^0+$/ { print 1; exit }' /proc/kallsyms)" = 1 ]; then
	case $calls in
	*fault*+0x*) echo "ok: most pages come from a fault: ${calls%%;*}" ;;
	*) fail "the most frequent calls are $calls" ;;
	esac
	"$BUILD/mmreplay" info "$WORK/a.mmt" | grep -q "fault" || fail "info does not show the calls"
else
	case $calls in 0xffff*) ;; *) fail "calls without names: $calls" ;; esac
fi

# An allocation's row has what the event before it tells.
"$BUILD/mmreplay" export jsonl "$WORK/a.mmt" >"$WORK/a.jsonl"
named=$(jq -r 'select(.type == "alloc" and .stack != null and .cgroup != null) | 1' "$WORK/a.jsonl" | wc -l)
expect "rows with calls and a cgroup" "$named" -ge $((allocs * 98 / 100))

# What is cut out has the same calls.
"$BUILD/mmreplay" cut "$WORK/a.mmt" --first 1000 --last 3000 -o "$WORK/cut.mmt" || fail "cut: exit $?"
"$BUILD/mmreplay" export jsonl "$WORK/cut.mmt" >"$WORK/cut.jsonl"
filter='select(.type == "alloc_from") | [.time_ns, .pfn, .stack, .cgroup]'
jq -c "$filter" "$WORK/cut.jsonl" >"$WORK/cut.rows"
expect "callers in the cut" "$(wc -l <"$WORK/cut.rows")" -ge 1
jq -c "$filter" "$WORK/a.jsonl" | grep -xFf - "$WORK/cut.rows" | cmp -s - "$WORK/cut.rows" || fail "the cut's callers are others"

status=0
"$REC" -q --stacks --task $$ -d 0.1 -o "$WORK/b.mmt" 2>"$WORK/err" || status=$?
expect "exit with a filter" $status -eq 2
grep -q "stacks: found together with a filter" "$WORK/err" || fail "$(cat "$WORK/err")"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --dry-run, --max-file, and what the recorder may still do while it records.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$REC" "$WORK/recorder"
	chmod 755 "$WORK" "$WORK/recorder"
	status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/recorder" --dry-run >"$WORK/dry" || status=$?
	expect "status of a dry run without privileges" $status -eq 1
	grep -q "^privileges: missing: CAP_BPF, CAP_PERFMON" "$WORK/dry" || fail "$(cat "$WORK/dry")"
	grep -q "^recording: not possible: " "$WORK/dry" || fail "$(cat "$WORK/dry")"
fi
status=0
"$REC" -o "$WORK/x.mmt" --max-file 5T -d 1 2>"$WORK/err" || status=$?
expect "status of a size that is none" $status -eq 2
grep -q -- '--max-file: found "5T", expected a size such as 500M' "$WORK/err" || fail "$(cat "$WORK/err")"

need_recording
"$REC" --dry-run -o "$WORK/dry.mmt" -- touch "$WORK/ran" >"$WORK/dry" || fail "exit $?: $(cat "$WORK/dry")"
for line in "^kernel: $(uname -r)" "^attach: tp_btf/mm_page_alloc (program mm_page_alloc)" "^lacks: " \
	"^recording: possible"; do
	grep -q "$line" "$WORK/dry" || fail "no line \"$line\" in: $(cat "$WORK/dry")"
done
# Two programs from the start for frees only; from 7.0 on, where tasks are preempted within them, for all.
later=", when an interrupt has come into mm_page_alloc"
[ "$(uname -r | cut -d. -f1)" -lt 7 ] || later=
for line in "program mm_page_free_2)" "program mm_page_alloc_2$later)"; do
	grep -q "^attach: tp_btf/.*$line" "$WORK/dry" || fail "no line with \"$line\" in: $(cat "$WORK/dry")"
done
"$REC" --dry-run --lean -o "$WORK/dry.mmt" >"$WORK/lean" || fail "exit $?: $(cat "$WORK/lean")"
if grep "_2" "$WORK/lean"; then fail "--lean would attach second programs"; fi
if [ -e "$WORK/dry.mmt" ] || [ -e "$WORK/ran" ]; then fail "a dry run left something behind"; fi

# The load would take a minute; the ceiling ends it, which is no failure.
"$REC" -o "$WORK/a.mmt" --max-file 300K -- "$LOAD" -d 60 >/dev/null 2>"$WORK/a.err" || fail "exit $?: $(cat "$WORK/a.err")"
"$READ" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
expect "the file has its end" "$(value "$WORK/a" complete)" -eq 1
expect "size of the file" "$(stat -c %s "$WORK/a.mmt")" -ge 307200
grep -q "the file reached --max-file" "$WORK/a.err" || fail "not told: $(cat "$WORK/a.err")"

# held PID: its capabilities once it records; the recorder gives them up before the load starts.
held() {
	for _ in $(seq 100); do
		caps=$(awk '/^CapEff/ { print $2 }' "/proc/$1/status")
		[ "$caps" != "$before" ] && break
		sleep 0.1
	done
	echo "$caps"
}
before=$(awk '/^CapEff/ { print $2 }' /proc/self/status)
for case in ":000000c000000000" "--no-keyframes:0000000000000000"; do
	# shellcheck disable=SC2086
	"$REC" -q -o "$WORK/b.mmt" ${case%%:*} 2>"$WORK/b.err" &
	recorder=$!
	caps=$(held $recorder)
	kill -INT $recorder
	wait $recorder || fail "exit $? after giving up capabilities: $(cat "$WORK/b.err")"
	[ "$caps" = "${case##*:}" ] || fail "capabilities with \"${case%%:*}\": found $caps, expected ${case##*:}"
	"$READ" "$WORK/b.mmt" >"$WORK/b" || fail "not readable"
	expect "zones with last keyframes" "$(value "$WORK/b" kf_last)" -eq \
		"$([ -n "${case%%:*}" ] && echo 0 || value "$WORK/b" zones)"
done
# The command keeps what the recorder gives up.
"$REC" -q -o "$WORK/c.mmt" -- awk '/^CapEff/ { print $2 }' /proc/self/status >"$WORK/c" || fail "exit $?"
[ "$(cat "$WORK/c")" = "$before" ] || fail "the command's capabilities: found $(cat "$WORK/c"), expected $before"

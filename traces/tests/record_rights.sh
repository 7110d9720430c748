#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With three capabilities and no more, beside another recorder, and without touching what other
# tracers set.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then skip "root and setpriv are needed to give capabilities up"; fi

# Settings of the whole system that a tracer may change. tracefs is mounted where nobody else sees it.
if [ -z "${MMR_OWN_MOUNTS:-}" ] && [ ! -d /sys/kernel/tracing/events ]; then
	MMR_OWN_MOUNTS=1 exec unshare -m "$0"
fi
[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing || skip "tracefs cannot be mounted"
settings() {
	local file
	for file in tracing_on current_tracer trace_clock buffer_size_kb set_event set_event_pid trace_options \
		events/enable events/kmem/enable; do
		echo "$file: $(cat "/sys/kernel/tracing/$file" 2>/dev/null | tr '\n' ' ')"
	done
	for file in kernel/bpf_stats_enabled kernel/perf_event_paranoid kernel/kptr_restrict kernel/unprivileged_bpf_disabled; do
		echo "$file: $(cat "/proc/sys/$file" 2>/dev/null)"
	done
}
settings >"$WORK/before"

# A user who owns nothing but the folder, with these capabilities.
cp "$REC" "$WORK/recorder"
mkdir "$WORK/out"
chmod 755 "$WORK" "$WORK/recorder"
chown 65534:65534 "$WORK/out"
caps=+bpf,+perfmon,+dac_read_search
few=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,$caps --ambient-caps=-all,$caps
	--bounding-set=-all,$caps --)
"${few[@]}" "$WORK/recorder" --dry-run >"$WORK/dry" || skip "$(tail -1 "$WORK/dry")"
grep -q "^privileges: all that are needed" "$WORK/dry" || fail "$(cat "$WORK/dry")"

# Two at the same time: what one counts the other counts too, but for the moments in which only one runs.
"${few[@]}" "$WORK/recorder" -q -o "$WORK/out/few.mmt" 2>"$WORK/few.err" &
few_pid=$!
"$REC" -q -o "$WORK/root.mmt" 2>"$WORK/root.err" &
root_pid=$!
for _ in $(seq 100); do
	[ ! -e "$WORK/out/few.mmt" ] || [ ! -e "$WORK/root.mmt" ] || break
	sleep 0.1
done
settings >"$WORK/during"
"$LOAD" -n 100000 >/dev/null
kill -INT $few_pid $root_pid
wait $few_pid || fail "exit $? with few capabilities: $(cat "$WORK/few.err")"
wait $root_pid || fail "exit $? beside another recorder: $(cat "$WORK/root.err")"
for name in out/few root; do
	"$READ" "$WORK/$name.mmt" >"$WORK/read" || fail "$name.mmt is not readable"
	expect "$name: allocations" "$(value "$WORK/read" alloc)" -ge 100000
	expect "$name: lost" "$(value "$WORK/read" lost)" -eq 0
	expect "$name: first keyframes" "$(value "$WORK/read" kf_first)" -eq "$(value "$WORK/read" zones)"
	expect "$name: events that make no sense" "$(value "$WORK/read" strange)" -eq 0
done
settings >"$WORK/after"
cmp "$WORK/before" "$WORK/during" || fail "settings of the system changed: $(diff "$WORK/before" "$WORK/during")"
cmp "$WORK/before" "$WORK/after" || fail "settings of the system changed: $(diff "$WORK/before" "$WORK/after")"
echo "ok: no setting of the system changed"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the recorder says, and leaves behind, where it cannot do what was asked.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"

# refused STATUS TEXT COMMAND...: exits STATUS; one of its lines on stderr has TEXT.
refused() {
	local want=$1 text=$2 status=0
	shift 2
	"$@" 2>"$WORK/err" >"$WORK/out" || status=$?
	[ $status -eq "$want" ] || fail "$*: exit $status, expected $want: $(cat "$WORK/err")"
	[ -z "$text" ] || grep -qF -- "$text" "$WORK/err" || fail "$*: said \"$(cat "$WORK/err")\", expected \"$text\""
	echo "ok: exit $want: ${text:-(silent)}"
}
one_line() { [ "$(wc -l <"$WORK/err")" -eq 1 ] || fail "more than one line: $(cat "$WORK/err")"; }

refused 2 "no output file: give -o FILE" "$REC" -d 1
refused 2 "--duration: found \"soon\"" "$REC" -o "$WORK/x.mmt" -d soon
refused 2 "--duration: found \"-1\"" "$REC" -o "$WORK/x.mmt" -d -1
refused 2 "--ring-mib: found \"3\", expected a power of two" "$REC" -o "$WORK/x.mmt" --ring-mib 3
refused 2 "--rotate: found together with -o -" "$REC" -o - --rotate 1M
"$REC" --help >"$WORK/help"
grep -q "mmreplay-record -o build.mmt -- make -j8" "$WORK/help" || fail "--help has no example"
# A sanitizer's build is not the one that is copied to other machines.
if ! grep -q __asan_init "$REC" && ldd "$REC" >/dev/null 2>&1; then fail "not a static executable"; fi

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$REC" "$WORK/recorder"
	chmod 755 "$WORK" "$WORK/recorder"
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	refused 1 "missing: CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH; run as root, or: sudo setcap" \
		"${nobody[@]}" "$WORK/recorder" -o "$WORK/nobody.mmt" -d 1
	one_line
	[ ! -e "$WORK/nobody.mmt" ] || fail "left a file although nothing was recorded"
fi

# unwhole FILE WORDS: check says WORDS of it, and exits 1.
unwhole() {
	local status=0
	"$BUILD/mmreplay" check "$1" >"$WORK/check" || status=$?
	expect "status of check on ${1##*/}" $status -eq 1
	grep -q "$2" "$WORK/check" || fail "check of ${1##*/}: found \"$(cat "$WORK/check")\", expected \"$2\""
}

need_recording

# To standard output, the command's own beside it; and through a link, which stays one: /dev/stdout is such a link.
"$REC" -q -o - -- echo words >"$WORK/out.mmt" 2>"$WORK/err" || fail "-o -: exit $?: $(cat "$WORK/err")"
"$READ" "$WORK/out.mmt" >"$WORK/read" || fail "-o -: not readable"
expect "-o -: the file has its end" "$(value "$WORK/read" complete)" -eq 1
grep -q "^words$" "$WORK/err" || fail "-o -: the command's output: $(cat "$WORK/err")"
"$REC" -q -o - -d 0.3 2>"$WORK/err" | cat >"$WORK/pipe.mmt" || fail "-o - into a pipe: $(cat "$WORK/err")"
"$READ" "$WORK/pipe.mmt" >"$WORK/read" || fail "-o - into a pipe: not readable"
ln -s told.mmt "$WORK/link.mmt"
"$REC" -q -o "$WORK/link.mmt" -d 0.3 2>"$WORK/err" || fail "a link: $(cat "$WORK/err")"
[ -L "$WORK/link.mmt" ] || fail "a link was replaced by a file"
"$READ" "$WORK/told.mmt" >"$WORK/read" || fail "through a link: not readable"
refused 1 "$WORK/none/x.mmt.new: " "$REC" -o "$WORK/none/x.mmt" -d 1
refused 7 "" "$REC" -q -o "$WORK/x.mmt" -- sh -c 'exit 7'
refused 127 "no-such-command: No such file or directory" "$REC" -q -o "$WORK/x.mmt" -- no-such-command
refused 143 "" "$REC" -q -o "$WORK/x.mmt" -- sh -c 'kill $$'

# Killed without warning: readable up to the last whole block.
"$REC" -q -o "$WORK/killed.mmt" -- "$LOAD" -d 20 >/dev/null 2>&1 &
recorder=$!
for _ in $(seq 20); do # until the first seconds are in the file: how long that takes is not the matter here
	sleep 1
	"$READ" "$WORK/killed.mmt" >"$WORK/killed" 2>/dev/null || continue
	[ "$(value "$WORK/killed" alloc)" -lt 10000 ] || break
done
kill -KILL $recorder
wait $recorder 2>/dev/null || true
"$READ" "$WORK/killed.mmt" >"$WORK/killed" || fail "not readable after SIGKILL"
expect "complete after SIGKILL" "$(value "$WORK/killed" complete)" -eq 0
expect "allocations kept after SIGKILL" "$(value "$WORK/killed" alloc)" -ge 10000
unwhole "$WORK/killed.mmt" "no end block"

# A full ring: the recorder stands still while events come. They are lost, and all of them counted.
"$REC" -q --ring-mib 1 -o "$WORK/ring.mmt" -- "$LOAD" -d 4 >/dev/null 2>"$WORK/err" &
recorder=$!
for _ in $(seq 100); do
	[ ! -e "$WORK/ring.mmt" ] || break
	sleep 0.1
done
sleep 0.5
kill -STOP $recorder
sleep 1.5
kill -CONT $recorder
wait $recorder || fail "exit $? after a full ring: $(cat "$WORK/err")"
"$READ" "$WORK/ring.mmt" >"$WORK/ring" || fail "not readable after a full ring"
expect "complete after a full ring" "$(value "$WORK/ring" complete)" -eq 1
expect "lost in a full ring" "$(value "$WORK/ring" lost)" -ge 10000
expect "allocations around it" "$(value "$WORK/ring" alloc)" -ge 10000
unwhole "$WORK/ring.mmt" "events were lost on CPU"
"$BUILD/mmreplay" info --json "$WORK/ring.mmt" >"$WORK/info"
grep -q "^  \"lost\": $(value "$WORK/ring" lost)," "$WORK/info" || fail "info does not tell the loss"

# ^C in the middle: all there is, and whole.
"$REC" -q -o "$WORK/int.mmt" 2>"$WORK/err" &
recorder=$!
for _ in $(seq 100); do
	[ ! -e "$WORK/int.mmt" ] || break
	sleep 0.1
done
kill -INT $recorder
wait $recorder || fail "exit $? after SIGINT: $(cat "$WORK/err")"
"$BUILD/mmreplay" check "$WORK/int.mmt" >"$WORK/check" || fail "after SIGINT: $(cat "$WORK/check")"

[ "$(id -u)" -eq 0 ] || exit 0

# A full disk: the recorder stops, says so, and what was written is a trace.
mkdir "$WORK/small"
mount -t tmpfs -o size=1m none "$WORK/small" || skip "no tmpfs can be mounted for the full disk"
MOUNTS+=("$WORK/small")
refused 1 "$WORK/small/full.mmt: " "$REC" -q -o "$WORK/small/full.mmt" -- "$LOAD" -d 30
grep -q "No space left on device" "$WORK/err" || fail "full disk: $(cat "$WORK/err")"
"$READ" "$WORK/small/full.mmt" >"$WORK/full" || fail "not readable after the disk was full"
expect "events kept on a full disk" "$(value "$WORK/full" alloc)" -ge 10000
unwhole "$WORK/small/full.mmt" "no end block"

# A kernel without BTF, as far as the recorder can see.
unshare -m true 2>/dev/null || exit 0
hide() { unshare -m sh -c 'mount -t tmpfs none "$0" && shift && exec "$@"' "$@"; }
refused 1 "/sys/kernel/btf/vmlinux: No such file or directory; recording needs a kernel built with" \
	hide /sys/kernel/btf - "$REC" -o "$WORK/x.mmt" -d 1
one_line

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# export, cut and merge on a checked-in recording: what is cut and merged again is what was there, event by event;
# what does not belong together is refused; a full disk and ^C leave whole rows.
set -u
mmreplay=${BUILD:?}/mmreplay
sample=${SOURCE:?}/traces/samples/stock-6.12-2node-churn.mmt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
complain() { echo "FAILED: $*"; failed=1; }
# refuses TEXT COMMAND...: exit status 1 and a single line that holds TEXT
refuses() {
	local text=$1 out rc
	shift
	out=$("$@" 2>&1 >/dev/null)
	rc=$?
	[ $rc -eq 1 ] || complain "$*: exit status $rc, expected 1"
	grep -qF -- "$text" <<<"$out" || complain "$*: found \"$out\", expected \"$text\""
	[ "$(wc -l <<<"$out")" -eq 1 ] || complain "$*: more than one line"
}
count() { sed -n "s/.*\"$2\": \([0-9]*\),*/\1/p" "$1" | head -1; }

"$mmreplay" info --json "$sample" >info.json || exit 1
"$mmreplay" export csv "$sample" -o all.csv || complain "export csv"
"$mmreplay" export jsonl "$sample" >all.jsonl || complain "export jsonl"
for type in alloc free free_batched zone_locked pcpu_drain extfrag; do
	want=$(count info.json $type)
	[ "$(grep -c "^[0-9]*,[0-9]*,[0-9]*,[0-9]*,$type," all.csv)" = "$want" ] || complain "csv: $type, expected $want"
	[ "$(grep -c "\"type\":\"$type\"" all.jsonl)" = "$want" ] || complain "jsonl: $type, expected $want"
done
[ "$(head -1 all.csv | tr , '\n' | wc -l)" = 20 ] || complain "csv: expected 20 columns"

# In three parts and joined again, in another order.
total=$(count info.json total)
"$mmreplay" cut "$sample" --last 99999 -o 1.mmt >/dev/null || complain "cut --last"
"$mmreplay" cut "$sample" --first 100000 --last 299999 -o 2.mmt >/dev/null 2>&1 || complain "cut --first --last"
"$mmreplay" cut "$sample" --first 300000 -o 3.mmt >/dev/null 2>&1 || complain "cut --first"
"$mmreplay" merge 3.mmt 1.mmt 2.mmt -o merged.mmt >/dev/null || complain "merge"
"$mmreplay" check merged.mmt >check.out || complain "check of the merged file: $(cat check.out)"
"$mmreplay" export csv merged.mmt | cmp - all.csv || complain "cut and merged again: other events"
[ "$("$mmreplay" info --json merged.mmt | sed -n 's/.*"total": \([0-9]*\),*/\1/p' | head -1)" = "$total" ] ||
	complain "merged: expected $total events"

# What is not given is a loss of as many events; of the parts of a part, too.
"$mmreplay" merge 3.mmt 1.mmt -o gap.mmt >/dev/null 2>err || complain "merge with a gap: $(cat err)"
grep -q "1 gaps between files" err || complain "merge with a gap: not told: $(cat err)"
[ "$("$mmreplay" info --json gap.mmt | sed -n 's/^  "lost": \([0-9]*\),*/\1/p')" = 200000 ] || complain "merge with a gap: expected 200000 lost"
"$mmreplay" merge --json 3.mmt 1.mmt -o gap.mmt 2>/dev/null | grep -q '"gaps": 1$' || complain "merge --json: no gap"
"$mmreplay" check gap.mmt >/dev/null && complain "merge with a gap: whole"
"$mmreplay" cut 2.mmt --last 9 -o 2a.mmt >/dev/null 2>&1 && "$mmreplay" cut 2.mmt --first 10 -o 2b.mmt >/dev/null 2>&1 || complain "cut of a cut"
"$mmreplay" merge 2b.mmt 3.mmt 2a.mmt 1.mmt -o again.mmt >/dev/null 2>err || complain "merge: $(cat err)"
[ ! -s err ] || complain "merge of parts of parts: $(cat err)"
"$mmreplay" export csv again.mmt | cmp - all.csv || complain "cut twice and merged again: other events"

# By time: the rows between two moments.
start=$(sed -n 2p all.csv | cut -d, -f2)
"$mmreplay" cut "$sample" --from 10s --to 10500ms -o time.mmt >/dev/null 2>&1 || complain "cut --from --to"
"$mmreplay" export csv time.mmt | tail -n +2 | cut -d, -f2- >time.csv
awk -F, -v from=$((start + 10000000000)) -v to=$((start + 10500000000)) 'NR > 1 {
	if (!begun && $2 < from) next
	begun = 1
	if ($2 >= to) exit
	print }' all.csv | cut -d, -f2- | cmp - time.csv || complain "cut by time: other events"
[ -s time.csv ] || complain "cut by time: no event"

refuses "the same recording" "$mmreplay" merge "$sample" "$sample" -o x.mmt
refuses "overlap: CPU" "$mmreplay" merge "$sample" 2.mmt -o x.mmt
[ -e x.mmt ] && complain "a refused merge left its file"
refuses "no event in the stretch" "$mmreplay" cut "$sample" --from 1h -o x.mmt
[ -e x.mmt ] && complain "an empty cut left its file"
refuses "not an .mmt trace" "$mmreplay" export csv all.csv
refuses "the output is the input" "$mmreplay" export csv 1.mmt -o 1.mmt
refuses "the output is the input" "$mmreplay" cut 1.mmt --last 5 -o ./1.mmt
refuses "the output is the input" "$mmreplay" merge 1.mmt 2.mmt -o 2.mmt
"$mmreplay" check 1.mmt >/dev/null || complain "a refused output changed the input"
"$mmreplay" export csv "$sample" >/dev/full 2>err && complain "export to a full disk: exit status 0"
grep -q "standard output: byte [0-9]*: writing: No space left" err || complain "full disk: $(cat err)"
for wrong in "export xml $sample" "export csv" "cut $sample -o x.mmt" "cut $sample --from x -o x.mmt" \
	"cut $sample --first 5 --last 4 -o x.mmt" "merge $sample -o x.mmt"; do
	# shellcheck disable=SC2086
	"$mmreplay" $wrong >/dev/null 2>&1
	[ $? -eq 2 ] || complain "mmreplay $wrong: expected exit status 2"
done
for command in export cut merge; do
	"$mmreplay" $command --help | grep -q "Example:" || complain "$command --help: no example"
done

# ^C while nobody reads: whole rows, and it says how far it came.
mkfifo pipe
"$mmreplay" export csv "$sample" >pipe 2>err &
pid=$!
exec 9<pipe
head -c 1000 <&9 >/dev/null
kill -INT $pid
cat <&9 >rest
wait $pid
[ $? -eq 1 ] || complain "interrupted: expected exit status 1"
grep -q "interrupted; the first [0-9]* events are written" err || complain "interrupted: $(cat err)"
[ "$(tail -c 1 rest | od -An -c | tr -d ' ')" = '\n' ] || complain "interrupted: the last row is cut"

[ $failed -eq 0 ] && echo "export, cut and merge: $total events"
exit $failed

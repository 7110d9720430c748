# SPDX-License-Identifier: GPL-2.0-or-later
# Several runs of one command line, and several at a time: the same bytes however many, and one that fails or is
# stopped leaves the others whole.
sample
cp sample.mmt other.mmt
for jobs in 1 2 3; do
	status $mmreplay run -q sample.mmt other.mmt -m $machines/two-node.yaml -m laptop -s 1-2 \
		--set min_free_kbytes=16384,65536 --set swappiness=10 --jobs $jobs -o jobs$jobs
done
sed "s,$machines,MACHINES," jobs1/runs.tsv
for run in jobs1/*/; do
	for table in free_blocks placement fallback rates fragmentation pageblocks pcp numa orders lifetimes; do
		for jobs in 2 3; do
			cmp $run/$table.tsv jobs$jobs/${run#*/}/$table.tsv
		done
	done
	for jobs in 1 2 3; do
		sed -e '/^  "latency_ns": {/,/^  }/d' -e '/^  "replay": {/,/^  }/d' jobs$jobs/${run#*/}/summary.json \
			>jobs$jobs.stable
	done
	cmp jobs1.stable jobs2.stable && cmp jobs1.stable jobs3.stable && echo "$(basename $run): identical"
done
cmp jobs1/runs.tsv jobs2/runs.tsv && cmp jobs1/runs.tsv jobs3/runs.tsv && echo "runs.tsv is identical"

# Replays of one run: the same in each, or it says so.
$mmreplay run --json sample.mmt --repeat 5 --jobs 3 >five.json
sed -n '/^    "repeat": {/,/}/s/^ *"n": \([0-9]*\).*/\1 replays/p' five.json

# One of three fails: its row says why, the others are there.
status $mmreplay run -q sample.mmt missing.mmt other.mmt --jobs 2 -o failed
cat failed/runs.tsv
ls failed

# Stopped: what was done is whole.
$mmreplay run -q sample.mmt -s 1-200 --speed 1 --jobs 2 -o stopped 2>stopped.err &
run=$!
while ! [ -s stopped/runs.tsv ] && kill -0 $run 2>/dev/null; do sleep 0.1; done
sleep 1
kill -INT $run
wait $run
echo "exit $?"
sed -n 's/.*\t\(stopped\|failed\|done\)\t.*/\1/p' stopped/runs.tsv | sort | uniq -c | sed 's/^ *//'

# What cannot be meant.
status $mmreplay run --jobs 0 sample.mmt
status $mmreplay run --seed 5-1 sample.mmt
status $mmreplay run --seed 1- sample.mmt

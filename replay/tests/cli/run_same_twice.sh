# SPDX-License-Identifier: GPL-2.0-or-later
# The same input gives the same bytes outside the timing fields, and every table but latency.tsv.
sample
$mmreplay run -q sample.mmt -m $machines/two-node.yaml -o a
$mmreplay run -q sample.mmt -m $machines/two-node.yaml -o b --latency-every 1
for table in free_blocks placement fallback rates fragmentation pageblocks pcp numa orders lifetimes; do
	cmp a/$table.tsv b/$table.tsv && echo "$table.tsv is identical"
done
# latency_ns and replay are objects of their own: cut them out by their indentation.
for run in a b; do
	sed -e '/^  "latency_ns": {/,/^  }/d' -e '/^  "replay": {/,/^  }/d' $run/summary.json >$run.stable
done
cmp a.stable b.stable && echo "summary.json is identical"
grep -c '"numa"' a.stable

# SPDX-License-Identifier: GPL-2.0-or-later
# Allocators to replay on: listed, checked, replayed on; and each broken promise is named with its event.
cp $samples/stock-6.12-2node-churn.mmt sample.mmt
status $mmreplay backend list
status $mmreplay backend check $bin/examples/libfirstfit.so
$mmreplay run sample.mmt --backend $bin/examples/libfirstfit.so --json >firstfit.json
grep -E '^  "(backend|allocs|failed|start)"' firstfit.json
$mmreplay run -q sample.mmt --backend $bin/examples/libfirstfit.so -o a
$mmreplay run -q sample.mmt --backend $bin/examples/libfirstfit.so -o b
cmp a/pageblocks.tsv b/pageblocks.tsv && echo "the same pages twice"
for bad in version overlap alignment range free; do
	status $mmreplay run -q sample.mmt --backend $bin/tests/libbad_$bad.so 2>&1 | sed "s,$bin,BUILD,"
done
status $mmreplay backend check $bin/tests/libbad_overlap.so | grep -c FAILED
status $mmreplay backend check null
status $mmreplay backend check /dev/null 2>&1 | sed 's/null: .*/null: …/'
status $mmreplay backend check
status $mmreplay backend frobnicate

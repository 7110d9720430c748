# SPDX-License-Identifier: GPL-2.0-or-later
# Two results as JSON: each summary as it is in its file.
sample
$mmreplay run -q sample.mmt -o one >report
cp -r one two
status $mmreplay summary one two --json >all.json
grep -E '"(schema|result)": ' all.json
sed -n '/"summary": {/,$p' all.json | sed 's/^      //' | grep '^  "allocs"' | sort | uniq -c | sed 's/[0-9]\{4,\}/N/'
tail -1 all.json
$mmreplay summary one --json >/dev/full
echo "exit $?"

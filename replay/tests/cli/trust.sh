# SPDX-License-Identifier: GPL-2.0-or-later
# A recording predicts itself: what the model counts in a replay is what the events show.
stock=$samples/stock-6.12-2node-churn.mmt
[ -e "$stock" ] || skip "no $stock"
cp "$stock" stock.mmt
status $mmreplay trust -q stock.mmt stock.mmt >text
head -3 text
tail -2 text
$mmreplay trust -q --tsv stock.mmt stock.mmt | cut -f 1,7,8
$mmreplay trust -q --json stock.mmt stock.mmt >report.json
grep -oE '"(schema|kernel_profile|judged|good|checksum)": [^,]*' report.json | sort | uniq -c | sed 's/^ *//'
status $mmreplay trust stock.mmt
status $mmreplay trust stock.mmt stock.mmt stock.mmt
status $mmreplay trust -q stock.mmt nothing.mmt
head -c 400000 stock.mmt >cut.mmt
status $mmreplay trust -q stock.mmt cut.mmt

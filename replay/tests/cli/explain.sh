# SPDX-License-Identifier: GPL-2.0-or-later
# One story of each kind, from recordings of a stock kernel: a hit of the CPU's list, a refill that splits blocks, a
# block straight from the buddy on a node that was named, a fallback to another type, a huge page, a free that drains,
# the life of a page; and that a divergence is not invented.
cp "$samples/stock-6.12-2node-churn.mmt" churn.mmt
cp "$samples/stock-6.12-2node-numa.mmt" numa.mmt
status $mmreplay explain churn.mmt --event 100001
for event in 20022 9051 13898 40135; do
	echo
	status $mmreplay explain churn.mmt --event $event
done
echo
status $mmreplay explain numa.mmt --event 687219
echo
status $mmreplay explain churn.mmt --pfn 1197058 --nth 1 | sed '/^The request/,/^What it may/d'
echo
status $mmreplay explain churn.mmt --time 19.5 | sed -n 3,4p
status $mmreplay explain churn.mmt --first-divergence
status $mmreplay explain churn.mmt --first-divergence --json
echo
status $mmreplay explain churn.mmt --keyframe 2 | sed 5d
echo
status $mmreplay explain churn.mmt --keyframe 7 | sed -n '/What the model/,$p'
$mmreplay explain churn.mmt --keyframe 7 --json | grep -E '"(zone|free_blocks|found|equal_blocks)":'

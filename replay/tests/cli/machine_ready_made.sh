# SPDX-License-Identifier: GPL-2.0-or-later
# The ready-made machines by name: they need no file, and a recording replays on each.
command -v jq >/dev/null || skip "no jq"
status $mmreplay machine list
$mmreplay machine list --json | jq -r .schema
status $mmreplay machine show dram-cxl
$mmreplay machine show --json epyc-nps4 | jq -c '.nodes[5] | {node, cpus, distances, zonelist: [.zonelist[].node]}'
$mmreplay machine show --json highmem-32 | jq -c '[.arch, (.nodes[0].zones[] | .zone)]'
sample
for name in $($mmreplay machine list --json | jq -r '.machines[].name'); do
	$mmreplay run sample.mmt -m $name --json | jq -c '[.machine, .allocs, .failed]'
done
status $mmreplay run sample.mmt -m five-socket

# SPDX-License-Identifier: GPL-2.0-or-later
# Where recorded CPUs go: each way, a map, the machine file's own, and what has no place.
command -v jq >/dev/null || skip "no jq"
sample
$mmreplay cut sample.mmt -o short.mmt --to 3s >/dev/null 2>&1 && mv short.mmt sample.mmt
place() {
	$mmreplay run sample.mmt "$@" --json | jq -c '[.placement, .scenario.cpus, (.numa.zones | with_entries(select(.value.allocs > 0)) | keys)]'
}
place
for how in by-node round-robin packed identity 0-1=5 explicit:0=63,1=0; do
	place -m four-socket --place $how
done
sed 's/^name:.*/name: packed\nplacement: packed/' $machines/four-socket.yaml >packed.yaml
place -m packed.yaml
place -m packed.yaml --place by-node
status $mmreplay run sample.mmt --place sideways
status $mmreplay run sample.mmt --place 0=1,
status $mmreplay run sample.mmt -m four-socket --place 0=64,1=0
status $mmreplay run sample.mmt -m four-socket --place 0=1
sed 's/^name:.*/name: bad\nplacement: sideways/' $machines/four-socket.yaml >bad.yaml
status $mmreplay run sample.mmt -m bad.yaml
# CPUs without memory: requests for their own node alone go to the nearest one that has some.
printf 'name: bare\nnodes:\n  - { node: 0, cpus: "0-1", memory: 0 }\n  - { node: 1, memory: 4GiB }\n' >bare.yaml
$mmreplay run sample.mmt -m bare.yaml --json | jq -c '[.failed, .numa.zones["node1/DMA32"].allocs == .allocs]'

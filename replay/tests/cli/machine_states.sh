# SPDX-License-Identifier: GPL-2.0-or-later
# CPUs out of service and demotion between memory tiers: shown, acted on by a replay that is short of memory, and refused
# where they cannot be.
command -v jq >/dev/null || skip "no jq"
sample
cat >tiers.yaml <<'YAML'
name: tiers
demotion: true
offline_cpus: "1"
nodes:
  - { node: 0, cpus: "0-1", memory: 192MiB, tier: 4, distances: [10, 30] }
  - { node: 1, memory: 2GiB, tier: 22, distances: [30, 10] }
YAML
$mmreplay machine show tiers.yaml | sed -n '/offline/,/demotes/p'
$mmreplay machine show --json tiers.yaml | jq -c '.nodes[] | [.node, .cpus, .offline_cpus, .demotes_to]'
result() {
	$mmreplay run sample.mmt -m $1 --json 2>/dev/null | jq -c '[.failed, .reclaim.demoted_pages > 0, .reclaim.demoted_pages == .reclaim.kswapd_reclaimed_pages]'
}
result tiers.yaml
sed 's/^demotion: true/demotion: false/' tiers.yaml >flat.yaml
result flat.yaml
sed 's/"1"$/"0"/' tiers.yaml >bad.yaml
status $mmreplay machine check bad.yaml
sed 's/"1"$/"9"/' tiers.yaml >bad.yaml
status $mmreplay machine check bad.yaml
sed 's/, tier: [0-9]*//' tiers.yaml >bad.yaml
status $mmreplay machine check bad.yaml

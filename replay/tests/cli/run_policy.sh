# SPDX-License-Identifier: GPL-2.0-or-later
# Memory policies and cpusets of tasks: each mode, from the line and from a machine file, and impossible ones.
command -v jq >/dev/null || skip "no jq"
sample
$mmreplay cut sample.mmt -o short.mmt --to 3s >/dev/null 2>&1 && mv short.mmt sample.mmt
nodes() {
	$mmreplay run sample.mmt -m four-socket --place packed --json "$@" |
		jq -c '[([.numa.zones | to_entries[] | select(.value.allocs > 0) | {key: (.key | split("/")[0]), value: .value.allocs}] | group_by(.key) | map({key: .[0].key, value: (map(.value) | add)}) | from_entries),
			[.scenario.rules[] | [.task, .tasks_matched, .requests]], .warnings]'
}
for policy in default local prefer:1 bind:2-3 interleave:all prefer-many:1,3 weighted-interleave:0*3,1; do
	echo "$policy $(nodes --policy $policy)"
done
nodes --policy cat=bind:1 --policy 'per*=bind:2' --policy nobody=bind:3
nodes --cpuset-cpus 'cat=16-31' --cpuset-mems 'cat=1' --policy cat=local
nodes --cpuset-mems 2
sed 's/^name:.*/name: ruled/' $machines/four-socket.yaml >ruled.yaml
printf 'policies:\n  - { task: cat, policy: "bind:3" }\ncpusets:\n  - { task: perl, cpus: "32-33", mems: "2" }\n' >>ruled.yaml
$mmreplay run sample.mmt -m ruled.yaml --json | jq -c '[.scenario.rules[] | {task, policy, cpus, mems, tasks_matched}]'
for bad in bind:7 cat=interleave:0-9 bind spread:1 prefer:0,1 weighted-interleave:0*999; do
	status $mmreplay run sample.mmt -m four-socket --policy $bad
done
status $mmreplay run sample.mmt -m dram-cxl --cpuset-cpus 4
status $mmreplay run sample.mmt -m four-socket --policy cat=bind:1 --cpuset-mems cat=2
status $mmreplay run sample.mmt -m four-socket --cpuset-mems 4
status $mmreplay run sample.mmt --policy
status $mmreplay run sample.mmt --policy =bind:0
printf 'policies:\n  - { task: cat, policy: "bind:9" }\n' >>ruled.yaml
sed -i '/^cpusets/,$d; /^policies/,$d' ruled.yaml
printf 'policies:\n  - { task: cat, policy: "bind:9" }\n' >>ruled.yaml
status $mmreplay run sample.mmt -m ruled.yaml

# SPDX-License-Identifier: GPL-2.0-or-later
# Machine files in, machines out; a recording's machine written as a file is a machine again.
command -v jq >/dev/null || skip "no jq"
status $mmreplay machine check $machines/two-node.yaml | sed "s|$machines|machines|"
status $mmreplay machine show $machines/two-node.yaml
status $mmreplay machine paint x.yaml
status $mmreplay machine show
status $mmreplay machine from-trace --json x.mmt
sample
$mmreplay machine from-trace sample.mmt >recorded.yaml
status $mmreplay machine check recorded.yaml >/dev/null
$mmreplay machine from-trace sample.mmt | diff - recorded.yaml && echo "the same file twice"
# The file of a recording's machine is that machine: the same watermarks and lists in force.
$mmreplay machine show --json recorded.yaml | jq -S 'del(.name)' >file.json
$mmreplay machine show --json sample.mmt | jq -S 'del(.name)' | diff - file.json && echo "the same machine"

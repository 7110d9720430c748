# SPDX-License-Identifier: GPL-2.0-or-later
# Machine files in, machines out; a recording's machine written as a file is a machine again.
status $mmreplay machine check $machines/two-node.yaml | sed "s|$machines|machines|"
status $mmreplay machine show $machines/two-node.yaml
status $mmreplay machine paint x.yaml
sample
$mmreplay machine from-trace sample.mmt >recorded.yaml
status $mmreplay machine check recorded.yaml >/dev/null
$mmreplay machine from-trace sample.mmt | diff - recorded.yaml && echo "the same file twice"

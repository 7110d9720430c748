# SPDX-License-Identifier: GPL-2.0-or-later
# Machine files that cannot be: one line each with file, line, key, found and expected.
sample
printf 'name: x\nnodes:\n  - node: 0\n    cpus: "0"\n    memory: 1GiB\n    colour: red\n' >key.yaml
status $mmreplay run sample.mmt -q -m key.yaml
printf 'name: x\nnodes:\n  - node: 1\n    cpus: "0"\n    memory: 1GiB\n' >missing-node.yaml
status $mmreplay run sample.mmt -q -m missing-node.yaml
printf 'name: x\nnodes:\n  - node: 0\n    cpus: "0"\n    memory: 1GiB\n    distances: [300]\n' >distance.yaml
status $mmreplay run sample.mmt -q -m distance.yaml
printf 'name: x\nnodes:\n  - node: 0\n    cpus: "0"\n    zones:\n      - { zone: DMA32, start_pfn: 4096, spanned: 90000 }\n      - { zone: Normal, start_pfn: 50000, spanned: 90000 }\n' >overlap.yaml
status $mmreplay run sample.mmt -q -m overlap.yaml
status $mmreplay run sample.mmt -q -m nowhere.yaml
status $mmreplay run sample.mmt -q -k 2.4 2>&1 | sed "s|one of .*|one of LINES|"

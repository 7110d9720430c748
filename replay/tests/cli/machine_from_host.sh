# SPDX-License-Identifier: GPL-2.0-or-later
# The running host as a machine file, and a host of copied files.
command -v jq >/dev/null || skip "no jq"
$mmreplay machine from-host >host.yaml
status $mmreplay machine check host.yaml >/dev/null
[ "$($mmreplay machine show --json host.yaml | jq .cpus)" = "$(getconf _NPROCESSORS_CONF)" ] && echo "its CPUs"
mkdir -p copy/proc copy/sys/devices/system/cpu
cp /proc/zoneinfo copy/proc/
cp /sys/devices/system/cpu/possible copy/sys/devices/system/cpu/
$mmreplay machine from-host --root copy --name copied | grep -E '^name|managed' >copy.out
diff <(grep managed host.yaml) <(grep managed copy.out) && head -1 copy.out
status $mmreplay machine from-host --root nowhere
status $mmreplay machine from-host extra
status $mmreplay machine from-host -o /dev/full
$mmreplay machine from-host --computed | grep -cE 'watermark:|pcp:|lowmem_reserve:|stat_threshold:' || true

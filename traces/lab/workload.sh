# SPDX-License-Identifier: GPL-2.0-or-later
# workload.sh - sourced before a workload: things done side by side, none of whose failures is lost.
# shellcheck shell=sh
set -e
JOB_PIDS=

# also COMMAND …: start it beside what already runs. With JOB_PIN, the first job of all and what it starts stay on
# CPU 0, the next on CPU 1, and so on around; the last CPU is left to all else: the same work on another machine runs
# where it ran on this one. JOB_CPUS is how many CPUs there are for jobs.
JOB_NEXT_CPU=0
JOB_CPUS=$(nproc --all)
[ -z "$JOB_PIN" ] || JOB_CPUS=$((JOB_CPUS - 1))
also() {
	[ -z "$JOB_PIN" ] || taskset -cp $JOB_NEXT_CPU $$ >/dev/null
	"$@" &
	JOB_PIDS="$JOB_PIDS $!"
	[ -n "$JOB_PIN" ] || return 0
	JOB_NEXT_CPU=$(((JOB_NEXT_CPU + 1) % JOB_CPUS))
	taskset -cp "$JOB_CPUS" $$ >/dev/null
}

# The vmstat workers drain and shrink the CPUs' lists at whole seconds of the kernel's clock, the same on all machines.
# Where two runs are to be alike, the work begins in the middle between two.
begin_between_seconds() {
	while read -r JOB_UPTIME _ </proc/uptime; do
		case $JOB_UPTIME in *.5?) return ;; esac
		sleep 0.02
	done
}
[ -z "$JOB_PIN" ] || begin_between_seconds

# join: wait for all of them; the first one that failed ends the workload.
join() {
	for JOB_PID in $JOB_PIDS; do
		wait "$JOB_PID" || exit
	done
	JOB_PIDS=
}

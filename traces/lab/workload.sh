# SPDX-License-Identifier: GPL-2.0-or-later
# workload.sh - sourced before a workload: things done side by side, none of whose failures is lost.
# shellcheck shell=sh
set -e
JOB_PIDS=

# also COMMAND …: start it beside what already runs.
also() {
	"$@" &
	JOB_PIDS="$JOB_PIDS $!"
}

# join: wait for all of them; the first one that failed ends the workload.
join() {
	for JOB_PID in $JOB_PIDS; do
		wait "$JOB_PID" || exit
	done
	JOB_PIDS=
}

# SPDX-License-Identifier: GPL-2.0-or-later
# truth.awk - one line of the table from `mmreplay info --json` and `mmreplay verify --json` after it, both
# indented, a member a line. -v name, layout, workload.

function value(line) {
	sub(/^[^:]*: */, "", line)
	gsub(/[",]/, "", line)
	return line
}

function count(level) {
	return get(level, "decisions") " / " get(level, "informed") " / **" get(level, "diverged") "**"
}

function get(object, member) {
	return (object, member) in found ? found[object, member] : 0
}

function equal(what) {
	return get("keyframes", "equal_" what) " / " get("keyframes", "compared_" what)
}

/^  "[a-z_]+": [^{[]/ || /^  "[a-z_]+": "/ {
	match($0, /"[a-z_]+"/)
	top[substr($0, RSTART + 1, RLENGTH - 2)] = value($0)
}

# Objects: the innermost one's name is where a member goes.
/"[a-z_0-9.]+": [{]$/ {
	match($0, /"[a-z_0-9.]+"/)
	object = substr($0, RSTART + 1, RLENGTH - 2)
	next
}

/^    +"[a-z_0-9.]+": [0-9]/ {
	match($0, /"[a-z_0-9.]+"/)
	found[object, substr($0, RSTART + 1, RLENGTH - 2)] = value($0)
}

/"event\.[a-z_]+": 2/ { extras = 1 }

END {
	events = top["events"] (top["nothing_claimed_from"] == "null" ? "" : ", some lost")
	printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, layout, workload,
		top["kernel"], events, count("zone"), count("buddy"), count("pcp"), count("fallback"),
		equal("blocks"), equal("pcp_blocks"), equal("pageblocks"), extras ? "yes" : "no", top["checksum"]
}

# SPDX-License-Identifier: GPL-2.0-or-later
# Subcommands that turn traces into other files: export, cut, merge.
target_sources(mmr_trace_cmds PRIVATE
	cmd_cut.c
	cmd_export.c
	cmd_merge.c
	cmd_tools.c
	export_rows.c
	trace_copy.c
	trace_merge_files.c)
target_link_libraries(mmr_trace_cmds PUBLIC m)
mmr_add_script_test(traces_cut_merge_export tests/cut_merge_export.sh)

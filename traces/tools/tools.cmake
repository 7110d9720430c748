# SPDX-License-Identifier: GPL-2.0-or-later
# Subcommands that turn traces into other files and other files into traces: export, cut, merge, import.
add_library(mmr_import STATIC
	import/import.c
	import/import_ftrace.c
	import/import_text.c
	import/import_llfree.c
	import/import_names.c
	import/import_perf.c
	import/import_perf_file.c
	import/import_perf_pipe.c
	import/import_perf_records.c
	import/import_ring.c
	import/import_tracecmd.c
	import/import_tracecmd_file.c
	import/import_tracecmd_v7.c
	import/import_tracing.c)
add_library(mmr::import ALIAS mmr_import)
target_link_libraries(mmr_import PUBLIC mmr::trace mmr::host PRIVATE mmr_warnings)

target_sources(mmr_trace_cmds PRIVATE
	tools/cmd_cut.c
	tools/cmd_export.c
	import/cmd_import.c
	tools/cmd_merge.c
	tools/cmd_tools.c
	tools/export_rows.c
	tools/trace_copy.c
	tools/trace_merge_files.c)
target_link_libraries(mmr_trace_cmds PUBLIC mmr::import m)
mmr_add_script_test(traces_cut_merge_export tests/cut_merge_export.sh)
mmr_add_test(traces_merge_files tests/test_merge_files.c mmr::trace_cmds)
mmr_add_script_test(traces_export_readers tests/export_readers.sh)
mmr_add_script_test(traces_import_sources tests/import_sources.sh)
mmr_add_test(traces_import tests/test_import.c mmr::import)

# One importer each; the seeds are the tests' own recordings.
foreach(format perf tracecmd ftrace llfree)
	mmr_add_fuzzer(fuzz_import_${format} tests/fuzz_import.c mmr::import)
	if(TARGET fuzz_import_${format})
		target_compile_definitions(fuzz_import_${format} PRIVATE FUZZ_FORMAT=import_${format})
	endif()
endforeach()
if(NOT MMR_SANITIZE AND NOT MMR_COVERAGE)
	mmr_add_script_test(traces_import_rate tests/import_rate.sh LABEL perf)
endif()

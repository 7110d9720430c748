# SPDX-License-Identifier: GPL-2.0-or-later
# The lab: scripts, and one static program for its workloads; included by traces/CMakeLists.txt.
if(NOT MMR_SANITIZE AND NOT MMR_COVERAGE) # static, for guests
	add_executable(lab-work lab/work.c)
	target_link_libraries(lab-work PRIVATE mmr_warnings)
	target_link_options(lab-work PRIVATE -static)
endif()

mmr_add_script_test(lab_usage lab/tests/usage LABEL cli)
mmr_add_script_test(lab_boot lab/tests/boot LABEL lab TIMEOUT 900)
mmr_add_script_test(lab_counts lab/tests/counts LABEL lab TIMEOUT 1800)
mmr_add_script_test(lab_events lab/tests/events LABEL lab TIMEOUT 900)
mmr_add_script_test(lab_nodes lab/tests/nodes LABEL lab TIMEOUT 1800)

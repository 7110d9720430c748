# SPDX-License-Identifier: GPL-2.0-or-later
# The recorder: mmreplay-record, one static executable for production hosts, and mmr::host, which
# describes the machine a process runs on and needs no libbpf.
add_library(mmr_host STATIC record/record_host.c record/host_btf.c record/host_tracefs.c record/host_zoneinfo.c)
add_library(mmr::host ALIAS mmr_host)
target_link_libraries(mmr_host PUBLIC mmr::trace PRIVATE mmr_warnings)

mmr_add_test(traces_record_host tests/test_record_host.c mmr::host)

find_program(CLANG_BPF NAMES clang clang-14 clang-15 clang-16)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin)
find_library(LIBBPF_A libbpf.a)
find_library(LIBELF_A libelf.a)
find_library(LIBZ_A libz.a)
find_path(LIBBPF_INCLUDE bpf/libbpf.h)

foreach(part CLANG_BPF BPFTOOL LIBBPF_A LIBELF_A LIBZ_A LIBBPF_INCLUDE)
	if(NOT ${part})
		list(APPEND missing ${part})
	endif()
endforeach()
if(missing)
	mmr_part(mmreplay-record off "(not found: ${missing}; Debian: clang bpftool libbpf-dev libelf-dev zlib1g-dev)")
	return()
endif()
mmr_part(mmreplay-record on "")

# mmr_bpf_skeleton(NAME [FOLDER]): FOLDER/NAME.bpf.c -> NAME.skel.h in the build folder.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch OUTPUT_VARIABLE multiarch
	OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
	set(bpf_arch arm64)
else()
	set(bpf_arch x86)
endif()
function(mmr_bpf_skeleton name)
	set(source ${name}.bpf.c)
	if(ARGC GREATER 1)
		set(source ${ARGV1}/${name}.bpf.c)
	endif()
	set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
	set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
	add_custom_command(OUTPUT ${object}
		COMMAND ${CLANG_BPF} -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_${bpf_arch} -Wall
			-I${CMAKE_SOURCE_DIR} -I${LIBBPF_INCLUDE} -idirafter /usr/include/${multiarch}
			-c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
		DEPENDS ${source} record/record.h record/record_functions.bpf.h record/record_notes.bpf.h record/record_ring.bpf.h record/vmlinux_subset.h
		COMMENT "BPF ${name}.bpf.o" VERBATIM)
	# gen object first: it strips the debugging sections that a skeleton would carry along.
	add_custom_command(OUTPUT ${skeleton}
		COMMAND ${BPFTOOL} gen object ${object}.linked ${object}
		COMMAND ${BPFTOOL} gen skeleton ${object}.linked name ${name}_bpf > ${skeleton}
		DEPENDS ${object} COMMENT "BPF ${name}.skel.h" VERBATIM)
endfunction()
mmr_bpf_skeleton(record record)
mmr_bpf_skeleton(record_notes record)
mmr_bpf_skeleton(record_probe record)

# The ring's reader knows nothing of libbpf, so its test needs none.
add_library(mmr_record_ring STATIC record/record_lanes.c record/record_ring.c)
target_link_libraries(mmr_record_ring PUBLIC mmr::error PRIVATE mmr_warnings)
mmr_add_test(traces_record_ring tests/test_record_ring.c mmr_record_ring)
mmr_add_test(traces_record_lanes tests/test_record_lanes.c mmr_record_ring)

# Nor do the order of its events, the memory of its tasks, its filters, limits and files.
add_library(mmr_record_order STATIC record/record_cgroups.c record/record_filter.c record/record_labels.c record/record_limits.c record/record_order.c record/record_output.c record/record_seconds.c record/record_stream.c record/record_symbols.c record/record_tasks.c)
target_link_libraries(mmr_record_order PUBLIC mmr_record_ring mmr::trace PRIVATE mmr_warnings)
mmr_add_test(traces_record_order_window tests/test_record_order.c mmr_record_order)
mmr_add_test(traces_record_stream tests/test_record_stream.c mmr_record_order)
mmr_add_test(traces_record_labels tests/test_record_labels.c mmr_record_order)
mmr_add_test(traces_record_tasks tests/test_record_tasks.c mmr_record_order)
mmr_add_test(traces_record_seconds tests/test_record_seconds.c mmr_record_order)
mmr_add_test(traces_record_filter tests/test_record_filter.c mmr_record_order)
mmr_add_test(traces_record_limits_sizes tests/test_record_limits.c mmr_record_order)
mmr_add_test(traces_record_output tests/test_record_output.c mmr_record_order)

add_executable(mmreplay-record
	record/record_main.c
	record/record_attach.c
	record/record_capture.c
	record/record_command.c
	record/record_dry_run.c
	record/record_error.c
	record/record_kernel.c
	record/record_keyframe.c
	record/record_notes.c
	record/record_options.c
	record/record_pageblock.c
	record/record_privileges.c
	record/record_probe.c
	record/record_summary.c
	${CMAKE_CURRENT_BINARY_DIR}/record.skel.h
	${CMAKE_CURRENT_BINARY_DIR}/record_notes.skel.h
	${CMAKE_CURRENT_BINARY_DIR}/record_probe.skel.h)
target_include_directories(mmreplay-record PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_include_directories(mmreplay-record SYSTEM PRIVATE ${LIBBPF_INCLUDE})
target_link_libraries(mmreplay-record PRIVATE mmr_record_ring mmr_record_order mmr::host mmr::trace ${LIBBPF_A} ${LIBELF_A} ${LIBZ_A} mmr_warnings)
if(NOT MMR_SANITIZE)
	# A sanitizer's run time is a shared library; everything else goes to production hosts as one file.
	target_link_options(mmreplay-record PRIVATE -static)
endif()

# Programs the recorder's script tests use: a load of known size, and a reader of what was recorded.
add_executable(record_load tests/record_load.c)
target_link_libraries(record_load PRIVATE mmr_warnings)
add_executable(record_read tests/record_read.c)
target_link_libraries(record_read PRIVATE mmr::trace mmr_warnings)
add_executable(record_account tests/record_account.c)
target_link_libraries(record_account PRIVATE mmr::trace mmr_warnings)
mmr_bpf_skeleton(record_cost tests)
add_executable(record_cost tests/record_cost.c ${CMAKE_CURRENT_BINARY_DIR}/record_cost.skel.h)
target_include_directories(record_cost PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_include_directories(record_cost SYSTEM PRIVATE ${LIBBPF_INCLUDE})
target_link_libraries(record_cost PRIVATE mmr::host ${LIBBPF_A} ${LIBELF_A} ${LIBZ_A} pthread mmr_warnings)
set_target_properties(record_load record_read record_account record_cost PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

mmr_add_script_test(traces_record_live tests/record_live.sh LABEL privileged)
mmr_add_script_test(traces_record_counts tests/record_counts.sh LABEL privileged)
mmr_add_script_test(traces_record_order tests/record_order.sh LABEL privileged)
mmr_add_script_test(traces_record_nested tests/record_nested.sh LABEL privileged)
mmr_add_script_test(traces_record_notes tests/record_notes.sh LABEL privileged)
mmr_add_script_test(traces_record_stacks tests/record_stacks.sh LABEL privileged)
mmr_add_script_test(traces_record_keyframes tests/record_keyframes.sh LABEL privileged)
mmr_add_script_test(traces_record_options tests/record_options.sh LABEL privileged)
mmr_add_script_test(traces_record_limits tests/record_limits.sh LABEL privileged)
mmr_add_script_test(traces_record_filters tests/record_filters.sh LABEL privileged)
mmr_add_script_test(traces_record_rights tests/record_rights.sh LABEL privileged)
mmr_add_script_test(traces_record_rate tests/record_rate.sh LABEL privileged)
mmr_add_script_test(traces_record_errors tests/record_errors.sh LABEL privileged)

# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers that the folders' CMakeLists.txt share.
find_package(PkgConfig REQUIRED)
set_property(GLOBAL PROPERTY MMR_PARTS "")

# mmr_part(NAME on|off REASON): one line of the closing summary.
function(mmr_part name state reason)
	set_property(GLOBAL APPEND PROPERTY MMR_PARTS "${name}: ${state} ${reason}")
endfunction()

function(mmr_print_summary)
	get_property(parts GLOBAL PROPERTY MMR_PARTS)
	foreach(part IN LISTS parts)
		message(STATUS "part ${part}")
	endforeach()
endfunction()

# Tests with these labels measure or record the machine itself, so nothing may run beside them.
function(mmr_test_properties name label timeout)
	set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS ${label} TIMEOUT ${timeout})
	if(label MATCHES "^(privileged|lab|perf)$")
		set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
	endif()
endfunction()

# mmr_add_test(FOLDER_MODULE SOURCE LIBRARY ... [LABEL unit]): a cmocka test; exit 77 skips.
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
function(mmr_add_test name source)
	cmake_parse_arguments(T "" "LABEL;TIMEOUT" "" ${ARGN})
	if(NOT CMOCKA_FOUND OR NOT BUILD_TESTING)
		return()
	endif()
	if(NOT T_LABEL)
		set(T_LABEL unit)
	endif()
	if(NOT T_TIMEOUT)
		set(T_TIMEOUT 300)
	endif()
	add_executable(test_${name} ${source})
	target_link_libraries(test_${name} PRIVATE ${T_UNPARSED_ARGUMENTS} PkgConfig::CMOCKA mmr_warnings)
	set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	mmr_test_properties(${name} ${T_LABEL} ${T_TIMEOUT})
endfunction()

# mmr_add_script_test(NAME SCRIPT [LABEL cli] [TIMEOUT s]): an executable script; the environment
# has BUILD (the build folder) and SOURCE (the project's folder); exit 77 skips.
function(mmr_add_script_test name script)
	cmake_parse_arguments(T "" "LABEL;TIMEOUT" "" ${ARGN})
	if(NOT BUILD_TESTING)
		return()
	endif()
	if(NOT T_LABEL)
		set(T_LABEL cli)
	endif()
	if(NOT T_TIMEOUT)
		set(T_TIMEOUT 600)
	endif()
	add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${script} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	mmr_test_properties(${name} ${T_LABEL} ${T_TIMEOUT})
	set_tests_properties(${name} PROPERTIES
		ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()

# mmr_add_fuzzer(FUZZ_NAME SOURCE LIBRARY ...): a libFuzzer program (LLVMFuzzerTestOneInput), built by the preset
# fuzz and run by `make fuzz`; its seeds lie in tests/seeds/FUZZ_NAME/ of the folder.
function(mmr_add_fuzzer name source)
	if(NOT MMR_FUZZ)
		return()
	endif()
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE ${ARGN} mmr_warnings)
	target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

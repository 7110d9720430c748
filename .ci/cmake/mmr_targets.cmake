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
	set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
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
	set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
		ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()

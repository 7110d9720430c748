# SPDX-License-Identifier: GPL-2.0-or-later
# Build options and the compile flags every target of the project shares (target mmr_warnings).
option(MMR_WERROR "Treat warnings as errors (CI)" OFF)
option(MMR_COVERAGE "Instrument for gcov" OFF)
set(MMR_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(MMR_FUZZ "Build the libFuzzer targets (needs clang)" OFF)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE Release)
endif()

add_library(mmr_warnings INTERFACE)
target_compile_options(mmr_warnings INTERFACE
	-Wall -Wextra -Wshadow -Wundef -Wvla -Wno-unused-parameter
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
	$<$<BOOL:${MMR_WERROR}>:-Werror>
	$<$<C_COMPILER_ID:Clang>:-Wunreachable-code>)
target_compile_definitions(mmr_warnings INTERFACE _GNU_SOURCE)
target_include_directories(mmr_warnings INTERFACE ${CMAKE_SOURCE_DIR})

if(MMR_SANITIZE)
	add_compile_options(-fsanitize=${MMR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
	add_link_options(-fsanitize=${MMR_SANITIZE})
endif()
if(MMR_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
		message(FATAL_ERROR "MMR_FUZZ: the compiler is ${CMAKE_C_COMPILER_ID}, expected Clang (use the preset 'fuzz')")
	endif()
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(MMR_COVERAGE)
	add_compile_options(--coverage -O0 -g)
	add_link_options(--coverage)
endif()

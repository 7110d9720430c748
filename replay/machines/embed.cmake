# SPDX-License-Identifier: GPL-2.0-or-later
# Writes OUT, a C file with the text of every machine file in FROM: run by the build, -DFROM= -DOUT=.
file(GLOB files LIST_DIRECTORIES false ${FROM}/*.yaml)
list(SORT files)
set(text "/* Generated from the files of replay/machines. */\n#include \"replay/machines/machine.h\"\n\n#include <stddef.h>\n\n")
set(table "")
foreach(file ${files})
	get_filename_component(name ${file} NAME_WE)
	string(MAKE_C_IDENTIFIER ${name} id)
	file(READ ${file} bytes HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
	string(APPEND text "static const char ${id}[] = {${bytes}0};\n")
	string(APPEND table "\t{\"${name}\", ${id}},\n")
endforeach()
string(APPEND text "\nstatic const struct machine_builtin builtins[] = {\n${table}};\n\n"
	"const struct machine_builtin *machine_builtin(unsigned int index)\n{\n"
	"\treturn index < sizeof(builtins) / sizeof(builtins[0]) ? &builtins[index] : NULL;\n}\n")
file(WRITE ${OUT} "${text}")

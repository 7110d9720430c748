# SPDX-License-Identifier: GPL-2.0-or-later
# A folder that is no result, a file that is no JSON, another schema.
mkdir empty other
status $mmreplay summary empty
echo '{ "schema": "mmreplay.info/1" }' >other/summary.json
status $mmreplay summary other
printf '{\n  "schema": \n}' >other/summary.json
status $mmreplay summary other
status $mmreplay summary

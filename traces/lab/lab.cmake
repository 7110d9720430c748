# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's tests; included by traces/CMakeLists.txt. The lab itself is scripts and needs no build.
mmr_add_script_test(lab_usage lab/tests/usage LABEL cli)
mmr_add_script_test(lab_boot lab/tests/boot LABEL lab TIMEOUT 900)

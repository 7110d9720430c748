# SPDX-License-Identifier: GPL-2.0-or-later
# No command, an unknown one, --version and --help.
status $mmreplay --version
status $mmreplay frobnicate
status $mmreplay >/dev/null 2>&1
status $mmreplay --help

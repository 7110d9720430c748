# SPDX-License-Identifier: GPL-2.0-or-later
# What is not a trace, is missing, is of another version, cut in its header, or damaged inside.
sample
echo "name: x" >text
status $mmreplay run text
status $mmreplay run missing.mmt
head -c 20 sample.mmt >short.mmt
status $mmreplay run short.mmt
: >empty.mmt
status $mmreplay run empty.mmt

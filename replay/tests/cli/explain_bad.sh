# SPDX-License-Identifier: GPL-2.0-or-later
# Events that are not there, a state that is not known yet or any more, damage, and wrong usage.
cp "$samples/stock-6.12-2node-churn.mmt" churn.mmt
status $mmreplay explain churn.mmt --event 99999999
status $mmreplay explain churn.mmt --pfn 1
status $mmreplay explain churn.mmt --pfn 1197058 --nth 3
status $mmreplay explain churn.mmt --time 1000
status $mmreplay explain churn.mmt --event 0
head -c 400000 churn.mmt >cut.mmt
status $mmreplay explain cut.mmt --event 1000 | tail -3
last=$($mmreplay export csv cut.mmt | tail -1 | cut -d, -f1)
status $mmreplay explain cut.mmt --event "$last" | sed -n '/cannot be told/,/^$/p;$p'
# A byte in the middle: what lies before it is told, what lies behind is not to be had.
cp churn.mmt damaged.mmt
printf 'x' | dd of=damaged.mmt bs=1 seek=$(($(stat -c %s churn.mmt) / 2)) conv=notrunc 2>dd.log
status $mmreplay explain damaged.mmt --event 1000 | tail -3
status $mmreplay explain damaged.mmt --event 821000 2>&1 | sed 's/byte [0-9].*/byte .../'
status $mmreplay explain missing.mmt --event 1
status $mmreplay explain churn.mmt
status $mmreplay explain churn.mmt --event -1
status $mmreplay explain churn.mmt --event 1 --time 1
status $mmreplay explain churn.mmt --event 1 --nth 2
status $mmreplay explain churn.mmt --event 1 --kernel 5.0 2>&1 | cut -c1-60
$mmreplay explain churn.mmt --event 100001 >/dev/full
echo "exit $?"
status $mmreplay explain churn.mmt --keyframe 8
status $mmreplay explain churn.mmt --keyframe x
status $mmreplay explain churn.mmt --keyframe 1 --event 1
status $mmreplay explain cut.mmt --keyframe 0 | tail -2
status $mmreplay explain damaged.mmt --keyframe 7 2>&1 | sed 's/byte [0-9].*/byte .../'

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT and SIGTERM end a command cleanly: what it has is kept and printed. */
#ifndef MMR_REPLAY_STOP_SIGNAL_H
#define MMR_REPLAY_STOP_SIGNAL_H

#include <signal.h>

/** stop_signal - the signal that asked the command to stop; 0 for none */
extern volatile sig_atomic_t stop_signal;
/** stop_signal_catch - from now on SIGINT and SIGTERM set it, and do nothing else */
void stop_signal_catch(void);

#endif

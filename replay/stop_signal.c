// SPDX-License-Identifier: GPL-2.0-or-later
/* The flag that SIGINT and SIGTERM set; commands have it, libraries are told where it is. */
#include "replay/stop_signal.h"

#include <stddef.h>

volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

void stop_signal_catch(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

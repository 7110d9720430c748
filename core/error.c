// SPDX-License-Identifier: GPL-2.0-or-later
/* Formats the project's one-line errors. */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int mmr_err(struct mmr_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int mmr_err_prefix(struct mmr_error *err, const char *fmt, ...)
{
	char text[2 * sizeof(err->msg)];
	int len;
	va_list ap;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(err->msg))
		len = sizeof(err->msg) - 1;
	snprintf(text + len, sizeof(text) - (size_t)len, ": %s", err->msg);
	/* A prefix that fills the line leaves no room: the message is cut, never overrun. */
	memcpy(err->msg, text, sizeof(err->msg) - 1);
	err->msg[sizeof(err->msg) - 1] = '\0';
	return err->code;
}

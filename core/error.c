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
	char text[sizeof(err->msg)];
	size_t len;
	va_list ap;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (len + 2 < sizeof(text))
		snprintf(text + len, sizeof(text) - len, ": %s", err->msg);
	memcpy(err->msg, text, sizeof(text));
	return err->code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes, shares and lists of numbers. */
#include "replay/parse.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A decimal number with or without a fraction; no sign, no exponent, no "inf". */
static bool plain_real(const char *text, double *value, const char **end)
{
	size_t whole = strspn(text, "0123456789"), fraction;
	char digits[40];
	size_t len;

	fraction = text[whole] == '.' ? 1 + strspn(text + whole + 1, "0123456789") : 0;
	len = whole + fraction;
	if (!whole || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	*value = strtod(digits, NULL);
	*end = text + len;
	return true;
}

bool parse_size(const char *text, uint64_t *bytes, const char **end)
{
	static const char units[] = "kmgt";
	const char *at, *unit;
	double value;

	if (!plain_real(text, &value, &at))
		return false;
	while (*at == ' ')
		at++;
	unit = *at ? strchr(units, *at | 0x20) : NULL;
	if (unit) {
		value *= pow(2, 10.0 * (double)(unit - units + 1));
		at++;
		at += strncasecmp(at, "ib", 2) == 0 ? 2 : strncasecmp(at, "b", 1) == 0 ? 1 : 0;
	}
	if (value >= 9e18 || value != floor(value) || (!end && *at))
		return false;
	*bytes = (uint64_t)value;
	if (end)
		*end = at;
	return true;
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end && *value <= max;
}

bool parse_share(const char *text, double *share)
{
	const char *end;

	if (!plain_real(text, share, &end))
		return false;
	if (*end == '%') {
		*share /= 100;
		end++;
	}
	return !*end;
}

bool parse_time_ns(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
	const char *end;
	double value;

	if (!plain_real(text, &value, &end))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0 && value * units[i].ns < 9e18) {
			*ns = (uint64_t)llround(value * units[i].ns);
			return true;
		}
	}
	return false;
}

/* A decimal number at *@text, which moves behind it; @bound where there is none below it. */
static unsigned int number_below(const char **text, unsigned int bound)
{
	unsigned int number = 0;

	if (**text < '0' || **text > '9')
		return bound;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		number = number < bound ? number * 10 + (unsigned int)(**text - '0') : bound;
	return number < bound ? number : bound;
}

bool parse_list(const char *text, unsigned int bound, void (*each)(void *ctx, unsigned int number), void *ctx)
{
	do {
		unsigned int first = number_below(&text, bound), last = first;

		if (*text == '-') {
			text++;
			last = number_below(&text, bound);
		}
		if (first >= bound || last >= bound || last < first || (*text && *text != ','))
			return false;
		for (; first <= last; first++)
			each(ctx, first);
	} while (*text++ == ',');
	return true;
}

static void set_bit(void *ctx, unsigned int number)
{
	*(uint64_t *)ctx |= 1ull << number;
}

bool parse_nodes(const char *text, unsigned int bound, uint64_t *mask)
{
	*mask = 0;
	if (strcmp(text, "all") == 0) {
		*mask = bound < 64 ? (1ull << bound) - 1 : UINT64_MAX;
		return true;
	}
	return parse_list(text, bound, set_bit, mask);
}

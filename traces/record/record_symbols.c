// SPDX-License-Identifier: GPL-2.0-or-later
/* An array by address; the names lie one after another in one piece of memory. */
#include "traces/record/record_symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Functions are shorter; behind the last one of a module there may be none for gigabytes. */
#define MAX_FUNCTION_BYTES (1u << 20)

struct symbol {
	uint64_t address;
	uint32_t name; /* its place in names */
};

struct record_symbols {
	struct symbol *table;
	size_t nr, room;
	char *names;
	size_t names_bytes, names_room;
};

void record_symbols_destroy(struct record_symbols *s)
{
	if (!s)
		return;
	free(s->table);
	free(s->names);
	free(s);
}

static bool make_room(void **array, size_t *room, size_t needed, size_t size)
{
	size_t more = *room ? *room : 4096;
	void *p;

	if (needed <= *room)
		return true;
	while (more < needed)
		more *= 2;
	p = realloc(*array, more * size);
	if (!p)
		return false;
	*array = p;
	*room = more;
	return true;
}

static bool add(struct record_symbols *s, uint64_t address, const char *name)
{
	size_t len = strlen(name) + 1;

	if (s->names_bytes + len > UINT32_MAX)
		return true;
	if (!make_room((void **)&s->table, &s->room, s->nr + 1, sizeof(*s->table)) ||
	    !make_room((void **)&s->names, &s->names_room, s->names_bytes + len, 1))
		return false;
	s->table[s->nr++] = (struct symbol){address, (uint32_t)s->names_bytes};
	memcpy(s->names + s->names_bytes, name, len);
	s->names_bytes += len;
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* "ffffffff81000000 T _stext", behind it perhaps a module's name in brackets. */
static bool read_list(struct record_symbols *s, FILE *f)
{
	char line[1024], type, name[512];
	uint64_t address;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %c %511s", &address, &type, name) != 3 || !address ||
		    !strchr("tTwW", type))
			continue;
		if (!add(s, address, name))
			return false;
	}
	return true;
}

int record_symbols_create(const char *path, struct record_symbols **ret, struct mmr_error *err)
{
	struct record_symbols *s = calloc(1, sizeof(*s));
	FILE *f = fopen(path, "re");
	bool good = s && (!f || read_list(s, f));

	if (f)
		fclose(f);
	if (!good) {
		record_symbols_destroy(s);
		return mmr_err(err, -ENOMEM, "recorder: no memory for the names of the kernel's functions");
	}
	if (s->nr)
		qsort(s->table, s->nr, sizeof(*s->table), by_address);
	*ret = s;
	return 0;
}

const char *record_symbols_name(const struct record_symbols *s, uint64_t address, uint64_t *offset)
{
	size_t low = 0, high = s->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->table[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - s->table[low - 1].address >= MAX_FUNCTION_BYTES)
		return NULL;
	*offset = address - s->table[low - 1].address;
	return s->names + s->table[low - 1].name;
}

static bool is_variant(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(symbol, name, len) &&
	       (!symbol[len] || !strncmp(symbol + len, ".constprop.", strlen(".constprop.")));
}

bool record_symbols_function(const char *path, const char *name, char *ret, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[1024], type, symbol[512];
	unsigned int nr = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %c %511s", &type, symbol) != 2 || !strchr("tTwW", type) ||
		    !is_variant(symbol, name))
			continue;
		nr++;
		snprintf(ret, size, "%s", symbol);
	}
	if (f)
		fclose(f);
	return nr == 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text traces, a line per event: trace_pipe and trace of tracefs, `trace-cmd report`, `perf script`.
 *
 *	comm-pid [cpu] flags seconds: mm_page_alloc: page=… pfn=0x… order=0 migratetype=1 gfp_flags=…
 *
 * The part before the event comes in several ways: import_text.c.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mm_types.h"
#include "traces/gfp_map.h"
#include "traces/import/import.h"
#include "traces/import/import_text.h"

#define MAX_LINE 2048u

struct text_import {
	struct import *im;
	uint64_t line, offset; /* of the line at hand, from 1 and 0 */
	uint64_t last_ns, first_ns, before_ns; /* largest, first, and that of the line before */
	uint64_t overwritten;
	bool irq_flags;
	bool counted; /* times are counts */
};

static int bad_line(const struct text_import *t, const char *what, const char *text, struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG, "%s: line %" PRIu64 " (byte %" PRIu64 "): no %s in \"%.80s\"",
		       t->im->path, t->line, t->offset, what, text);
}

/* ---- values -------------------------------------------------------------------------------- */

/* The text behind " KEY=", or NULL. */
static const char *find_value(const char *fields, const char *key)
{
	size_t len = strlen(key);

	for (const char *pos = fields; (pos = strstr(pos, key)); pos += len)
		if ((pos == fields || pos[-1] == ' ') && pos[len] == '=')
			return pos + len + 1;
	return NULL;
}

static bool get_number(const char *fields, const char *key, int base, uint64_t *value)
{
	const char *text = find_value(fields, key);
	char *end;

	if (!text || !(isxdigit((unsigned char)text[0])))
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return end != text && !errno;
}

static bool get_small(const char *fields, const char *key, uint8_t *value)
{
	uint64_t number;

	if (!get_number(fields, key, 10, &number) || number > UINT8_MAX)
		return false;
	*value = (uint8_t)number;
	return true;
}

/* ---- gfp flags by name --------------------------------------------------------------------- */

static uint32_t compound(const struct import *im, const char *name)
{
	static const struct {
		const char *name;
		uint32_t gfp;
	} names[] = {
		{"GFP_TRANSHUGE", MMR_GFP_TRANSHUGE_LIGHT | MMR_GFP_DIRECT_RECLAIM},
		{"GFP_TRANSHUGE_LIGHT", MMR_GFP_TRANSHUGE_LIGHT},
		{"GFP_HIGHUSER_MOVABLE", MMR_GFP_HIGHUSER_MOVABLE},
		{"GFP_HIGHUSER", MMR_GFP_HIGHUSER},
		{"GFP_USER", MMR_GFP_USER},
		{"GFP_KERNEL_ACCOUNT", MMR_GFP_KERNEL | MMR_GFP_ACCOUNT},
		{"GFP_KERNEL", MMR_GFP_KERNEL},
		{"GFP_TEMPORARY", MMR_GFP_KERNEL | MMR_GFP_RECLAIMABLE},
		{"GFP_NOFS", MMR_GFP_RECLAIM | MMR_GFP_IO},
		{"GFP_NOIO", MMR_GFP_RECLAIM},
		{"__GFP_RECLAIM", MMR_GFP_RECLAIM},
		{"GFP_REPEAT", MMR_GFP_RETRY_MAYFAIL},
		{"__GFP_REPEAT", MMR_GFP_RETRY_MAYFAIL},
	};

	if (!strcmp(name, "GFP_ATOMIC"))
		return MMR_GFP_ATOMIC_MASK | (import_kernel_before(im, 6, 3) ? MMR_GFP_ATOMIC : 0);
	if (!strcmp(name, "GFP_NOWAIT"))
		return import_kernel_before(im, 6, 8) ? MMR_GFP_KSWAPD_RECLAIM : MMR_GFP_NOWAIT_MASK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i].name))
			return names[i].gfp;
	return 0;
}

/*
 * "GFP_KERNEL|__GFP_ZERO|0x1000000", up to a space. Numbers have no name, so they are unknown; where there
 * is nothing else, the flags were printed raw.
 */
static uint32_t parse_gfp(const struct import *im, const char *text, uint32_t *raw)
{
	uint32_t gfp = 0, number = (uint32_t)strtoul(text, NULL, 0);

	while (*text && !isspace((unsigned char)*text)) {
		size_t len = strcspn(text, "| \t");
		uint32_t bits;
		char name[48];

		snprintf(name, sizeof(name), "%.*s", (int)(len < 47 ? len : 47), text);
		bits = compound(im, name);
		if (!bits)
			bits = gfp_stable_bit(!strncmp(name, "GFP_", 4) ? name + 4 : name);
		if (!bits && strcmp(name, "none") != 0)
			im->report->nr_gfp_unknown++;
		gfp |= bits;
		text += len;
		text += *text == '|';
	}
	*raw = gfp ? gfp : number;
	return gfp;
}

/* Flags come by name, so the header's numbers are the stable codes. */
static int name_gfps(struct import *im, struct mmr_error *err)
{
	struct trace_machine *m = &im->machine;

	for (uint32_t bit = 0; gfp_stable_name(1u << bit); bit++)
		if (import_add_name(&m->gfp_names, &m->nr_gfp_names, gfp_stable_name(1u << bit), 1ll << bit))
			return mmr_err(err, -ENOMEM, "%s: no memory for the gfp names", im->path);
	return 0;
}

/* ---- events -------------------------------------------------------------------------------- */

static const char *parse_pfn(const char *fields, struct import_event *e)
{
	uint64_t page;

	if (get_number(fields, "pfn", 0, &e->pfn)) {
		/* What an allocation that failed has is printed as 0; no page has that number. */
		if (e->cls.type == TRACE_ALLOC && !e->pfn)
			e->pfn = IMPORT_NO_PFN;
		return NULL;
	}
	if (find_value(fields, "pfn"))
		return "number behind pfn=";
	/* Up to 4.0: only the struct page's address, in an array that began where it always did. */
	if (!get_number(fields, "page", 16, &page))
		return "pfn";
	if (page < 0xffffea0000000000ull)
		return page || e->cls.type != TRACE_ALLOC ? "pfn" : (e->pfn = IMPORT_NO_PFN, NULL);
	e->pfn = (page - 0xffffea0000000000ull) / 64;
	return NULL;
}

static const char *parse_alloc(struct text_import *t, const char *fields, struct import_event *e)
{
	const char *gfp = find_value(fields, "gfp_flags");

	if (!get_small(fields, "order", &e->cls.order))
		return "order";
	if (!get_small(fields, "migratetype", &e->cls.migratetype))
		return "migratetype";
	if (!gfp)
		return "gfp_flags";
	e->have_gfp = true;
	e->cls.gfp = parse_gfp(t->im, gfp, &e->cls.gfp_raw);
	return NULL;
}

static const char *parse_extfrag(const char *fields, struct import_event *e)
{
	uint8_t owner = 0;

	if (!get_small(fields, "alloc_order", &e->cls.order))
		return "alloc_order";
	if (!get_small(fields, "fallback_order", &e->cls.fallback_order))
		return "fallback_order";
	if (!get_small(fields, "alloc_migratetype", &e->cls.migratetype))
		return "alloc_migratetype";
	if (!get_small(fields, "fallback_migratetype", &e->cls.fallback_migratetype))
		return "fallback_migratetype";
	if (get_small(fields, "change_ownership", &owner) && owner)
		e->cls.flags |= TRACE_F_CHANGE_OWNERSHIP;
	return NULL;
}

static const char *parse_fields(struct text_import *t, const char *fields, struct import_event *e)
{
	const char *missing = parse_pfn(fields, e);
	uint8_t refill;

	if (missing)
		return missing;
	switch (e->cls.type) {
	case TRACE_ALLOC:
		return parse_alloc(t, fields, e);
	case TRACE_EXTFRAG:
		return parse_extfrag(fields, e);
	case TRACE_FREE_BATCHED:
		return NULL; /* it prints an order of 0 whatever it is */
	case TRACE_FREE:
		return get_small(fields, "order", &e->cls.order) ? NULL : "order";
	default:
		if (!get_small(fields, "order", &e->cls.order))
			return "order";
		if (!get_small(fields, "migratetype", &e->cls.migratetype))
			return "migratetype";
		if (e->cls.type == TRACE_ZONE_LOCKED && get_small(fields, "percpu_refill", &refill) && refill)
			e->cls.flags |= TRACE_F_PERCPU_REFILL;
		return NULL;
	}
}

static int find_type(const char *name, size_t len)
{
	static const char *const names[TRACE_NR_PAGE_EVENTS] = {
		[TRACE_ALLOC] = "mm_page_alloc",
		[TRACE_FREE] = "mm_page_free",
		[TRACE_FREE_BATCHED] = "mm_page_free_batched",
		[TRACE_ZONE_LOCKED] = "mm_page_alloc_zone_locked",
		[TRACE_PCPU_DRAIN] = "mm_page_pcpu_drain",
		[TRACE_EXTFRAG] = "mm_page_alloc_extfrag",
	};

	for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		if (strlen(names[type]) == len && !memcmp(name, names[type], len))
			return type;
	return -1;
}

/* "CPU:1 [LOST 12 EVENTS]", "CPU:1 [12 EVENTS DROPPED]", "CPU:1 [EVENTS DROPPED]". */
static int parse_lost(struct text_import *t, const char *line, struct mmr_error *err)
{
	const char *text = strstr(line, "CPU:");
	unsigned long nr = 0;
	unsigned int cpu;

	if (!text || (!strstr(text, "EVENTS]") && !strstr(text, "EVENTS DROPPED]")))
		return 0;
	if (sscanf(text, "CPU:%u [LOST %lu EVENTS]", &cpu, &nr) != 2 &&
	    sscanf(text, "CPU:%u [%lu EVENTS DROPPED]", &cpu, &nr) != 2 && sscanf(text, "CPU:%u [", &cpu) != 1)
		return 0;
	return import_loss(t->im, cpu, t->first_ns ? t->last_ns : 0, t->last_ns, nr, err);
}

/* A call of a stack, or nothing. */
static bool is_no_event(const char *line)
{
	return line[0] == '\t' || !strncmp(line, " => ", 4) || !strncmp(line, "=> ", 3) ||
	       !line[strspn(line, " \r")];
}

static int parse_line(struct text_import *t, const char *line, struct mmr_error *err)
{
	const char *name = strstr(line, "mm_page_"), *end, *start, *missing;
	struct import_event e = {.offset = t->offset};
	int type;

	if (!name && is_no_event(line))
		return 0;
	if (line[0] == '#' || !name)
		return line[0] == '#' ? 0 : (t->im->report->nr_other++, parse_lost(t, line, err));
	end = name + strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	type = *end == ':' ? find_type(name, (size_t)(end - name)) : -1;
	if (type < 0) {
		t->im->report->nr_other++;
		return 0;
	}
	start = name - line >= 5 && !memcmp(name - 5, "kmem:", 5) ? name - 5 : name;
	e.cls.type = (uint8_t)type;
	missing = import_text_prefix(line, start, t->irq_flags, &e, &t->counted);
	if (!missing)
		missing = parse_fields(t, end + 1, &e);
	if (missing)
		return bad_line(t, missing, line, err);
	t->im->report->nr_back += e.ts_ns < t->before_ns;
	t->before_ns = e.ts_ns;
	t->last_ns = e.ts_ns > t->last_ns ? e.ts_ns : t->last_ns;
	t->first_ns = t->first_ns ? t->first_ns : e.ts_ns;
	return import_put(t->im, &e, err);
}

/* ---- what the head of the text says -------------------------------------------------------- */

static void scan_head(struct text_import *t, const char *line)
{
	struct trace_machine *m = &t->im->machine;
	unsigned long long in, written;
	unsigned int nr;
	const char *text;
	char word[128];

	if (sscanf(line, "# entries-in-buffer/entries-written: %llu/%llu", &in, &written) == 2 && written > in)
		t->overwritten = written - in;
	text = strstr(line, "#P:");
	if ((line[0] == '#' && text && sscanf(text, "#P:%u", &nr) == 1) || sscanf(line, "cpus=%u", &nr) == 1 ||
	    sscanf(line, "# nrcpus avail : %u", &nr) == 1)
		m->nr_cpus = nr < 4096 ? nr : 4096;
	if (sscanf(line, "# os release : %127s", word) == 1 && !m->kernel_release)
		m->kernel_release = strdup(word);
	if (sscanf(line, "# arch : %127s", word) == 1 && !m->arch)
		m->arch = strdup(word);
	t->irq_flags |= line[0] == '#' && strstr(line, "hardirq/softirq");
}

/* The line at @at, NUL-terminated and cut to what fits. Return: where the next one starts. */
static size_t copy_line(const struct import *im, size_t at, char line[MAX_LINE])
{
	const uint8_t *end = memchr(im->data + at, '\n', im->size - at);
	size_t len = end ? (size_t)(end - (im->data + at)) : im->size - at;
	size_t n = len < MAX_LINE - 1 ? len : MAX_LINE - 1;

	memcpy(line, im->data + at, n);
	line[n] = '\0';
	if (n && line[n - 1] == '\r')
		line[n - 1] = '\0';
	return at + len + (end ? 1 : 0);
}

/* Comments anywhere, and the largest CPU. */
static void scan_text(struct text_import *t)
{
	struct import *im = t->im;
	char line[MAX_LINE];
	uint32_t nr_cpus = 0;

	for (size_t at = 0; at < im->size;) {
		struct import_event e = {0};
		const char *name;
		bool counted = false;

		at = copy_line(im, at, line);
		if (line[0] == '#' || line[0] == 'c')
			scan_head(t, line);
		name = line[0] == '#' ? NULL : strstr(line, "mm_page_");
		if (name && name - line >= 5 && !memcmp(name - 5, "kmem:", 5))
			name -= 5;
		if (name && !import_text_prefix(line, name, false, &e, &counted) && e.cpu < 4096 &&
		    e.cpu >= nr_cpus)
			nr_cpus = e.cpu + 1;
	}
	if (im->machine.nr_cpus < nr_cpus)
		im->machine.nr_cpus = nr_cpus;
}

static int import_ftrace_run(struct import *im, struct mmr_error *err)
{
	struct text_import t = {.im = im};
	char line[MAX_LINE];
	int rc;

	scan_text(&t);
	rc = name_gfps(im, err);
	if (!rc)
		rc = import_feature(im, "imported.ftrace", 1, err);
	if (!rc)
		rc = import_feature(im, "irq_context", t.irq_flags, err);
	if (!rc)
		rc = import_start(im, err);
	for (size_t at = 0; at < im->size && !rc && !import_stopped(im);) {
		size_t next = copy_line(im, at, line);

		t.line++;
		t.offset = at;
		rc = parse_line(&t, line, err);
		at = next;
	}
	if (t.counted)
		snprintf(im->report->clock, sizeof(im->report->clock), "not named in it");
	/* Written over before they were read: older than all that is there. */
	if (!rc && t.overwritten)
		rc = import_loss(im, IMPORT_UNKNOWN_CPU, t.first_ns, t.first_ns, t.overwritten, err);
	return rc;
}

const struct import_format import_ftrace = {"ftrace", "text of trace_pipe, trace-cmd report or perf script",
					    import_ftrace_run};

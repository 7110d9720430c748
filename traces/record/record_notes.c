// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out what of record_notes.bpf.c this kernel has and permits, and attaches that. */
#include "traces/record/record_notes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_notes.skel.h"
#include "traces/record/record.h"
#include "traces/record/record_error.h"
#include "traces/record/record_symbols.h"

/*
 * The programs, and which kind of event each tells or helps to tell. Where one kind has several, the
 * first that the kernel has stands for those with @instead; all others of the kind go together.
 */
enum group { ALWAYS, EXTRAS, PAGE_CACHE, CALLERS };

static const struct note_program {
	const char *name;
	uint8_t type;
	uint8_t asked; /* enum group: only where asked for */
	const char *instead; /* not where the kernel has this one: an older way to see the same */
} programs[] = {
	{"bulk_page_begin", TRACE_BULK_PAGE, ALWAYS, NULL},
	{"bulk_page", TRACE_BULK_PAGE, ALWAYS, NULL},
	{"bulk_page_begin_6_1", TRACE_BULK_PAGE, ALWAYS, "alloc_pages_bulk_noprof"},
	{"bulk_page_6_1", TRACE_BULK_PAGE, ALWAYS, "alloc_pages_bulk_noprof"},
	{"isolate_page", TRACE_ISOLATE_PAGE, ALWAYS, NULL},
	{"putback_page", TRACE_PUTBACK_PAGE, ALWAYS, NULL},
	{"pcp_commit", TRACE_PCP_COMMIT, EXTRAS, NULL},
	{"pcp_commit_6_1", TRACE_PCP_COMMIT, EXTRAS, "free_frozen_page_commit"},
	{"buddy_free", TRACE_BUDDY_FREE, ALWAYS, NULL},
	{"buddy_free_begin_6_1", TRACE_BUDDY_FREE, ALWAYS, "split_large_buddy"},
	{"buddy_free_6_1", TRACE_BUDDY_FREE, ALWAYS, "split_large_buddy"},
	{"pcp_free_bulk", TRACE_PCP_FREE_BULK, ALWAYS, NULL},
	{"drain_pages", TRACE_DRAIN_PAGES, ALWAYS, NULL},
	{"pageblock_bits", TRACE_PAGEBLOCK_BITS, ALWAYS, NULL},
	{"pageblock_bits_clear", TRACE_PAGEBLOCK_BITS, ALWAYS, NULL},
	{"pageblock_bits_6_1", TRACE_PAGEBLOCK_BITS, ALWAYS, "set_pfnblock_bit"},
	{"move_block", TRACE_MOVE_BLOCK, ALWAYS, NULL},
	{"move_block_6_1", TRACE_MOVE_BLOCK, ALWAYS, "__move_freepages_block"},
	{"rotate_list", TRACE_ROTATE_LIST, ALWAYS, NULL},
	{"pcp_decay", TRACE_PCP_DECAY, ALWAYS, NULL},
	{"take_off_buddy", TRACE_TAKE_OFF_BUDDY, ALWAYS, NULL},
	{"put_back_buddy", TRACE_PUT_BACK_BUDDY, ALWAYS, NULL},
	{"unreserve_highatomic", TRACE_UNRESERVE_HIGHATOMIC, ALWAYS, NULL},
	{"vmstat_fold", TRACE_VMSTAT_FOLD, ALWAYS, NULL},
	{"kswapd_wake", TRACE_KSWAPD_WAKE, ALWAYS, NULL},
	{"kswapd_sleep", TRACE_KSWAPD_SLEEP, ALWAYS, NULL},
	{"wakeup_kswapd", TRACE_WAKEUP_KSWAPD, ALWAYS, NULL},
	{"balance_begin", TRACE_BALANCE_BEGIN, ALWAYS, NULL},
	{"balance_begin_6_1", TRACE_BALANCE_BEGIN, ALWAYS, "btf_trace_mm_vmscan_balance_pgdat_begin"},
	{"balance_end", TRACE_BALANCE_END, ALWAYS, NULL},
	{"balance_end_6_1", TRACE_BALANCE_END, ALWAYS, "btf_trace_mm_vmscan_balance_pgdat_end"},
	{"reclaim_begin", TRACE_RECLAIM_BEGIN, ALWAYS, NULL},
	{"reclaim_end", TRACE_RECLAIM_END, ALWAYS, NULL},
	{"compact_begin", TRACE_COMPACT_BEGIN, ALWAYS, NULL},
	{"compact_end", TRACE_COMPACT_END, ALWAYS, NULL},
	{"isolate_freepages", TRACE_ISOLATE_FREEPAGES, ALWAYS, NULL},
	{"isolate_migratepages", TRACE_ISOLATE_MIGRATEPAGES, ALWAYS, NULL},
	{"fast_isolate_freepages", TRACE_FAST_ISOLATE_FREEPAGES, ALWAYS, NULL},
	{"try_to_compact", TRACE_TRY_TO_COMPACT, ALWAYS, NULL},
	{"kcompactd_wake", TRACE_KCOMPACTD_WAKE, ALWAYS, NULL},
	{"kcompactd_sleep", TRACE_KCOMPACTD_SLEEP, ALWAYS, NULL},
	{"wakeup_kcompactd", TRACE_WAKEUP_KCOMPACTD, ALWAYS, NULL},
	{"pages_isolated", TRACE_PAGES_ISOLATED, ALWAYS, NULL},
	{"zone_wmarks", TRACE_ZONE_WMARKS, ALWAYS, NULL},
	{"lowmem_reserve", TRACE_LOWMEM_RESERVE, ALWAYS, NULL},
	{"totalreserve", TRACE_TOTALRESERVE, ALWAYS, NULL},
	{"oom_victim", TRACE_OOM_VICTIM, ALWAYS, NULL},
	{"page_pool_hold", TRACE_PAGE_POOL_HOLD, ALWAYS, NULL},
	{"pcp_limits", TRACE_PCP_LIMITS, ALWAYS, NULL},
	{"free_core", TRACE_FREE_CORE, ALWAYS, NULL},
	{"cache_add", TRACE_CACHE_ADD, PAGE_CACHE, NULL},
	{"cache_delete", TRACE_CACHE_DELETE, PAGE_CACHE, NULL},
	{"alloc_from", TRACE_ALLOC_FROM, CALLERS, NULL},
	{"request_begin", TRACE_ALLOC_REQUEST, EXTRAS, NULL},
	{"request", TRACE_ALLOC_REQUEST, EXTRAS, NULL},
	{"request_begin_6_10", TRACE_ALLOC_REQUEST, EXTRAS, "__alloc_frozen_pages_noprof"},
	{"request_6_10", TRACE_ALLOC_REQUEST, EXTRAS, "__alloc_frozen_pages_noprof"},
	{"request_begin_6_1", TRACE_ALLOC_REQUEST, EXTRAS, "__alloc_pages_noprof"},
	{"request_6_1", TRACE_ALLOC_REQUEST, EXTRAS, "__alloc_pages_noprof"},
};
#define MAX_SYMBOL  128
#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

/* The options that ask for a group. */
static const char *const asked_by[] = {
	[EXTRAS] = "--extras", [PAGE_CACHE] = "--page-cache", [CALLERS] = "--stacks or --cgroups"};

/* Why a program is not there. */
enum state { ABSENT, NOT_ASKED, REFUSED, WANTED, ATTACHED };

struct record_notes {
	struct record_notes_bpf *skel; /* NULL where nothing could be loaded */
	struct record_notes_options options;
	struct btf *btf;
	enum state state[NR_PROGRAMS];
	int refusal[NR_PROGRAMS]; /* -errno of those that are REFUSED */
	struct bpf_link *links[NR_PROGRAMS];
	uint64_t missed_before[NR_PROGRAMS];
	bool started;
};

static struct bpf_program *find(const struct record_notes_bpf *skel, size_t i)
{
	return bpf_object__find_program_by_name(skel->obj, programs[i].name);
}

/* Is it attached by a name that the list of symbols has, not by a prototype that BTF has? */
static bool is_kprobe(const struct bpf_program *prog)
{
	return strstr(bpf_program__section_name(prog), "probe/") != NULL;
}

static bool is_function(const struct bpf_program *prog)
{
	return strncmp(bpf_program__section_name(prog), "tp_btf/", 7) != 0;
}

/* ---- what this kernel has ------------------------------------------------------------------- */

/* The prototype of a function or, with "btf_trace_" before it, of a tracepoint; NULL where there is none. */
static const struct btf_type *prototype(const struct btf *btf, const char *name)
{
	bool tracepoint = !strncmp(name, "btf_trace_", 10);
	int id = btf__find_by_name_kind(btf, name, tracepoint ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, btf__type_by_id(btf, id)->type);

	if (t && tracepoint)
		t = btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) ? t : NULL;
}

static unsigned int nr_arguments(const struct btf *btf, const char *name)
{
	const struct btf_type *t = prototype(btf, name);

	return t ? btf_vlen(t) : 0;
}

/* Whether argument @nr of a tracepoint (0 is its context) has the type @type_name. */
static bool argument_is(const struct btf *btf, const char *name, unsigned int nr, const char *type_name)
{
	const struct btf_type *t = prototype(btf, name), *arg;

	if (!t || nr >= btf_vlen(t))
		return false;
	arg = btf__type_by_id(btf, btf_params(t)[nr].type);
	return arg && !strcmp(btf__name_by_offset(btf, arg->name_off), type_name);
}

static bool kernel_has(const struct record_notes *notes, const struct bpf_program *prog)
{
	const char *where = strchr(bpf_program__section_name(prog), '/') + 1;
	char name[MAX_SYMBOL];

	if (is_kprobe(prog))
		return record_symbols_function("/proc/kallsyms", where, name, sizeof(name));
	snprintf(name, sizeof(name), "%s%s", is_function(prog) ? "" : "btf_trace_", where);
	return prototype(notes->btf, name) != NULL;
}

static bool is_asked(const struct record_notes_options *options, uint8_t group)
{
	switch ((enum group)group) {
	case EXTRAS:
		return options->costly;
	case PAGE_CACHE:
		return options->page_cache;
	case CALLERS:
		return options->stacks || options->cgroups;
	default:
		return true;
	}
}

static void choose(struct record_notes *notes, const struct record_notes_bpf *skel)
{
	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		const struct note_program *p = &programs[i];

		if ((p->instead && prototype(notes->btf, p->instead)) || !kernel_has(notes, find(skel, i)))
			notes->state[i] = ABSENT;
		else
			notes->state[i] = is_asked(&notes->options, p->asked) ? WANTED : NOT_ASKED;
	}
}

/* ---- loading and attaching ------------------------------------------------------------------ */

static struct record_notes_bpf *open_object(const struct record_notes *notes)
{
	struct record_notes_bpf *skel = record_notes_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->want_names = notes->options.names;
	skel->rodata->want_stacks = notes->options.stacks;
	skel->rodata->want_cgroups = notes->options.cgroups;
	bpf_map__set_autocreate(skel->maps.stacks, notes->options.stacks);
	bpf_map__set_max_entries(skel->maps.stacks, REC_NR_STACKS);
	skel->rodata->reclaim_gfp_first =
		argument_is(notes->btf, "btf_trace_mm_vmscan_direct_reclaim_begin", 1, "gfp_t");
	skel->rodata->bulk_has_list = nr_arguments(notes->btf, "alloc_pages_bulk_noprof") == 6 ||
				      nr_arguments(notes->btf, "__alloc_pages_bulk") == 6;
	skel->rodata->limits_have_two = nr_arguments(notes->btf, "__zone_set_pageset_high_and_batch") == 4;
	if (bpf_map__reuse_fd(skel->maps.rings, notes->options.rings) ||
	    bpf_map__reuse_fd(skel->maps.cpus, notes->options.cpus)) {
		record_notes_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

/* Load those that are wanted. Return: 0 or -errno. */
static int try_load(struct record_notes *notes)
{
	struct record_notes_bpf *skel = open_object(notes);
	int rc;

	if (!skel)
		return -errno;
	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		struct bpf_program *prog = find(skel, i);

		bpf_program__set_autoload(prog, notes->state[i] == WANTED);
		bpf_program__set_autoattach(prog, false);
	}
	rc = record_notes_bpf__load(skel);
	if (rc)
		record_notes_bpf__destroy(skel);
	else
		notes->skel = skel;
	return rc;
}

static void refuse(struct record_notes *notes, size_t i, int code)
{
	notes->state[i] = REFUSED;
	notes->refusal[i] = code;
}

/* kernel.perf_event_max_stack may allow less than the map of stacks needs: no program's fault. */
static bool do_without_stacks(struct record_notes *notes, int code)
{
	if (!notes->options.stacks)
		return false;
	notes->options.stacks = false;
	for (size_t i = 0; i < NR_PROGRAMS && !notes->options.cgroups; i++)
		if (programs[i].asked == CALLERS && notes->state[i] == WANTED)
			refuse(notes, i, code);
	return true;
}

/*
 * One program that the kernel does not take makes the whole object fail: leave out the one that libbpf
 * names, or all functions where they are not permitted, and try again.
 */
static void load(struct record_notes *notes, const struct record_notes_bpf *names)
{
	for (size_t tries = 0; tries <= NR_PROGRAMS; tries++) {
		const char *blamed = record_bpf_blamed(); /* also forgets what was before */
		bool changed = false;
		int rc = try_load(notes);

		if (!rc)
			return;
		blamed = record_bpf_blamed();
		for (size_t i = 0; i < NR_PROGRAMS; i++) {
			if (notes->state[i] != WANTED || (strcmp(programs[i].name, blamed) != 0 &&
							  (rc != -EPERM || !is_function(find(names, i)))))
				continue;
			refuse(notes, i, rc);
			changed = true;
		}
		if (!changed)
			changed = do_without_stacks(notes, rc);
		if (!changed)
			return;
	}
}

static struct bpf_link *attach_program(struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);
	char symbol[MAX_SYMBOL];

	if (!is_kprobe(prog))
		return bpf_program__attach(prog);
	if (!record_symbols_function("/proc/kallsyms", strchr(section, '/') + 1, symbol, sizeof(symbol))) {
		errno = ENOENT;
		return NULL;
	}
	return bpf_program__attach_kprobe(prog, !strncmp(section, "kret", 4), symbol);
}

static void attach(struct record_notes *notes)
{
	int forbidden = 0;

	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		struct bpf_program *prog = find(notes->skel, i);

		if (notes->state[i] != WANTED)
			continue;
		if (forbidden && is_function(prog)) {
			refuse(notes, i, forbidden);
			continue;
		}
		notes->links[i] = attach_program(prog);
		if (notes->links[i]) {
			notes->state[i] = ATTACHED;
			continue;
		}
		refuse(notes, i, -errno);
		if (errno == EPERM && is_function(prog))
			forbidden = -EPERM;
	}
}

/* Programs of one kind go together: without one of them the others tell wrong things. */
static void drop_incomplete(struct record_notes *notes)
{
	for (size_t i = 0; i < NR_PROGRAMS; i++)
		for (size_t k = 0; notes->state[i] == REFUSED && k < NR_PROGRAMS; k++)
			if (programs[k].type == programs[i].type && notes->state[k] == ATTACHED) {
				bpf_link__destroy(notes->links[k]);
				notes->links[k] = NULL;
				refuse(notes, k, notes->refusal[i]);
			}
}

int record_notes_create(const struct record_notes_options *options, struct record_notes **ret,
			struct mmr_error *err)
{
	struct record_notes *notes = calloc(1, sizeof(*notes));
	struct record_notes_bpf *names;

	if (!notes)
		return mmr_err(err, -ENOMEM, "recorder: no memory for its probes");
	*ret = notes;
	notes->options = *options;
	if (options->none)
		return 0;
	notes->btf = btf__load_vmlinux_btf();
	names = notes->btf ? record_notes_bpf__open() : NULL;
	if (!names)
		return 0;
	choose(notes, names);
	load(notes, names);
	record_notes_bpf__destroy(names);
	if (notes->skel) {
		attach(notes);
		drop_incomplete(notes);
	}
	return 0;
}

void record_notes_detach(struct record_notes *notes)
{
	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		bpf_link__destroy(notes->links[i]);
		notes->links[i] = NULL;
	}
}

void record_notes_destroy(struct record_notes *notes)
{
	if (!notes)
		return;
	record_notes_detach(notes);
	record_notes_bpf__destroy(notes->skel);
	btf__free(notes->btf);
	free(notes);
}

/* ---- running -------------------------------------------------------------------------------- */

static uint64_t misses(const struct record_notes *notes, size_t i)
{
	struct bpf_prog_info info = {0};
	uint32_t bytes = sizeof(info);

	if (!notes->skel || notes->state[i] != ATTACHED ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(find(notes->skel, i)), &info, &bytes))
		return 0;
	return info.recursion_misses;
}

void record_notes_switch(struct record_notes *notes, uint32_t mode, bool tell_interrupts)
{
	if (!notes->skel)
		return;
	for (size_t i = 0; mode == REC_ON && !notes->started && i < NR_PROGRAMS; i++)
		notes->missed_before[i] = misses(notes, i);
	notes->started |= mode == REC_ON;
	notes->skel->bss->tell_interrupts = tell_interrupts;
	notes->skel->bss->recording = mode;
}

uint64_t record_notes_missed(const struct record_notes *notes, unsigned int type)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < NR_PROGRAMS; i++)
		if (programs[i].type == type)
			nr += misses(notes, i) - notes->missed_before[i];
	return nr;
}

int record_notes_stacks(const struct record_notes *notes)
{
	if (!notes->options.stacks || record_notes_watch(notes, TRACE_ALLOC_FROM) == RECORD_UNWATCHED)
		return -1;
	return bpf_map__fd(notes->skel->maps.stacks);
}

enum record_watch record_notes_watch(const struct record_notes *notes, unsigned int type)
{
	for (size_t i = 0; i < NR_PROGRAMS; i++)
		if (programs[i].type == type && notes->state[i] == ATTACHED)
			return is_function(find(notes->skel, i)) ? RECORD_PROBE : RECORD_TRACEPOINT;
	return RECORD_UNWATCHED;
}

/* ---- telling -------------------------------------------------------------------------------- */

const char *record_notes_hook(const struct record_notes *notes, unsigned int nr, const char **program)
{
	for (size_t i = 0; i < NR_PROGRAMS; i++) {
		if (notes->state[i] != ATTACHED || nr--)
			continue;
		*program = programs[i].name;
		return bpf_program__section_name(find(notes->skel, i));
	}
	return NULL;
}

/* The best excuse among a kind's programs: being refused tells more than not being there. */
static size_t excuse(const struct record_notes *notes, unsigned int type)
{
	size_t best = NR_PROGRAMS;

	for (size_t i = 0; i < NR_PROGRAMS; i++)
		if (programs[i].type == type && (best == NR_PROGRAMS || notes->state[i] > notes->state[best]))
			best = i;
	return best;
}

static bool is_tracepoint(unsigned int type)
{
	return (type >= TRACE_KSWAPD_WAKE && type < TRACE_UNTRACED) || type == TRACE_ALLOC_FROM;
}

bool record_notes_lack(const struct record_notes *notes, unsigned int nr, char *buf, size_t size)
{
	for (unsigned int type = TRACE_NR_PAGE_EVENTS; type < NR_TRACE_EVENT_TYPES; type++) {
		size_t i = excuse(notes, type);

		if (i == NR_PROGRAMS || notes->state[i] >= WANTED || nr--)
			continue;
		if (notes->options.none)
			snprintf(buf, size, "%s: not with filters", trace_event_info(type)->name);
		else if (notes->state[i] == ABSENT)
			snprintf(buf, size, "%s: this kernel has no such %s", trace_event_info(type)->name,
				 is_tracepoint(type) ? "tracepoint" : "function");
		else if (notes->state[i] == NOT_ASKED)
			snprintf(buf, size, "%s: only with %s", trace_event_info(type)->name,
				 asked_by[programs[i].asked]);
		else
			snprintf(buf, size, "%s: the kernel refuses the probe: %s",
				 trace_event_info(type)->name, strerror(-notes->refusal[i]));
		return true;
	}
	return false;
}

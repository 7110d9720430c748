// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom the model's reclaim takes from first. The kernel goes by what was used when, which recordings do not
 * show; but the recorded kernel knew, and what it took was the coldest there was. So first goes what it has
 * taken already and the model has not ("held"), the longest taken first; then what it will take, the soonest
 * first: of the pages in use now those were the next. Only where neither is left the core goes by address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay/engine/engine_internal.h"

#define MAX_DOOMED (16u << 20) /* of 24 bytes; beyond, nothing is looked ahead */

/* ---- what the recorded kernel will take -------------------------------------------------------- */

/* Which pages were allocated when, while reading ahead: [nr] by recorded frame. */
struct births {
	uint64_t *ns;
	uint32_t nr;
};

static void born(const struct births *births, const struct trace_event *event)
{
	uint64_t end = (uint64_t)event->pfn + (event->order < NR_PAGE_ORDERS ? 1u << event->order : 0);

	for (uint32_t pfn = event->pfn; pfn < end && pfn < births->nr; pfn++)
		births->ns[pfn] = event->ts_ns;
}

static int doom(struct pressure *p, size_t *room, const struct births *births, const struct trace_event *event)
{
	if (event->pfn >= births->nr || !births->ns[event->pfn] || p->nr_doomed == MAX_DOOMED)
		return 0;
	if (p->nr_doomed == *room) {
		size_t more = *room ? 2 * *room : 4096;
		struct doomed *grown = realloc(p->doomed, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		p->doomed = grown;
		*room = more;
	}
	p->doomed[p->nr_doomed++] = (struct doomed){births->ns[event->pfn], event->ts_ns, event->pfn};
	return 0;
}

static int read_doomed(struct engine *e, const struct births *births, struct mmr_error *err)
{
	const struct trace_event *events;
	size_t room = 0;
	ssize_t nr;

	trace_reader_want(e->reader, 1ull << TRACE_ALLOC | 1ull << TRACE_FREE | TRACE_WANT_BULK_AS_ALLOC);
	while ((nr = trace_reader_next(e->reader, &events, err)) > 0) {
		for (ssize_t i = 0; i < nr; i++) {
			const struct trace_event *event = &events[i];

			if (event->type == TRACE_ALLOC)
				born(births, event);
			else if (event->type == TRACE_FREE && engine_kernel_made(event) &&
				 doom(&e->pressure, &room, births, event))
				return mmr_err(err, -ENOMEM, "no memory for %zu reclaimed pages",
					       e->pressure.nr_doomed);
		}
	}
	trace_reader_want(e->reader, TRACE_WANT_PAGES);
	return (int)nr;
}

/* Read ahead through the whole recording. */
static int find_doomed(struct engine *e, struct mmr_error *err)
{
	struct births births = {.nr = e->map.end_pfn};
	size_t bytes = births.nr * sizeof(*births.ns);
	void *ns =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int rc;

	if (ns == MAP_FAILED)
		return mmr_err(err, -ENOMEM, "no memory to look ahead");
	births.ns = ns;
	rc = read_doomed(e, &births, err);
	munmap(ns, bytes);
	return rc;
}

static struct cold *cold_zone(struct engine *e, uint32_t pfn)
{
	const struct machine *machine = e->options.machine;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			if (pfn - zone->start_pfn < zone->spanned_pages)
				return &e->pressure.cold[n][z];
		}
	}
	return NULL;
}

/* In use now, on this node in a zone up to @highest, and not taken yet. Return: its block here, or MMR_NO_PFN.
 */
static uint32_t doomed_block(struct engine *e, const struct doomed *d, unsigned int nid, enum zone_type highest)
{
	uint32_t covering;
	const struct cold *cold;

	if (d->born_ns >= e->pressure.now_ns)
		return MMR_NO_PFN;
	covering = live_map_covering(&e->map, d->recorded);
	if (covering == MMR_NO_PFN)
		return MMR_NO_PFN;
	covering = live_map_slot(&e->map, covering)->pfn;
	cold = covering == MMR_NO_PFN ? NULL : cold_zone(e, covering);
	return cold && cold >= e->pressure.cold[nid] && cold <= &e->pressure.cold[nid][highest] ? covering
												: MMR_NO_PFN;
}

static uint32_t next_doomed(struct engine *e, unsigned int nid, enum zone_type highest)
{
	struct pressure *p = &e->pressure;
	size_t *at = &p->next_doomed[nid];

	while (*at < p->nr_doomed) {
		const struct doomed *d = &p->doomed[(*at)++];
		uint32_t pfn;

		if (d->freed_ns <= p->now_ns)
			continue; /* it is held, or gone */
		pfn = doomed_block(e, d, nid, highest);
		if (pfn != MMR_NO_PFN)
			return pfn;
	}
	return MMR_NO_PFN;
}

/* ---- what it has taken ------------------------------------------------------------------------- */

/* Without memory to note it, it is found by its address like any other. */
void engine_push_cold(struct engine *e, uint32_t pfn, unsigned int order)
{
	struct cold *cold = cold_zone(e, pfn);

	if (!cold)
		return;
	if (cold->first > cold->room / 2) {
		memmove(cold->blocks, cold->blocks + cold->first, cold->nr * sizeof(*cold->blocks));
		cold->first = 0;
	}
	if (cold->first + cold->nr == cold->room) {
		size_t room = cold->room ? 2 * cold->room : 1024;
		struct cold_block *blocks = realloc(cold->blocks, room * sizeof(*blocks));

		if (!blocks)
			return;
		cold->blocks = blocks;
		cold->room = room;
	}
	cold->blocks[cold->first + cold->nr++] =
		(struct cold_block){e->pressure.next_age++, pfn, (uint8_t)order};
}

static struct cold *oldest_of(struct engine *e, unsigned int nid, enum zone_type highest)
{
	struct cold *oldest = NULL;

	for (unsigned int z = 0; z <= (unsigned int)highest; z++) {
		struct cold *cold = &e->pressure.cold[nid][z];

		if (cold->nr && (!oldest || cold->blocks[cold->first].age < oldest->blocks[oldest->first].age))
			oldest = cold;
	}
	return oldest;
}

/* The oldest that is held on a node, at MMR_NO_PFN where none is; it is no longer in the queue. */
static struct cold_block pop_held(struct engine *e, unsigned int nid, enum zone_type highest)
{
	struct cold *cold;

	while ((cold = oldest_of(e, nid, highest)) != NULL) {
		struct cold_block block = cold->blocks[cold->first];

		cold->first++;
		cold->nr--;
		if (e->pressure.owners[block.pfn].held)
			return block;
	}
	return (struct cold_block){.pfn = MMR_NO_PFN};
}

/*
 * Its owner has as much in memory here as it had there, only other pages. For blocks of order 0, as good as all
 * that is reclaimed; the CPU's own node first.
 */
void engine_free_held(struct engine *e, unsigned int order, unsigned int cpu)
{
	unsigned int nr_nodes = e->options.machine->nr_nodes, own = e->options.machine->cpu_node[cpu];
	struct cold_block block = {.pfn = MMR_NO_PFN};

	for (unsigned int i = 0; i < nr_nodes && !order && block.pfn == MMR_NO_PFN; i++)
		block = pop_held(e, (own + i) % nr_nodes, MAX_NR_ZONES - 1);
	if (block.pfn == MMR_NO_PFN)
		return;
	e->pressure.owners[block.pfn].held = false;
	e->counts.held_freed_pages += 1ull << block.order;
	usage_change(&e->usage, block.pfn, block.order, e->pressure.owners[block.pfn].type, -1);
	engine_disown(e, block.pfn, block.order);
	engine_give_back(e, block.pfn, block.order, cpu);
}

/* The core asks: of what is held the longest held, else of what will be taken the soonest taken. */
static uint32_t coldest(void *ctx, unsigned int nid, enum zone_type highest)
{
	struct engine *e = ctx;
	uint32_t pfn = pop_held(e, nid, highest).pfn;

	return pfn != MMR_NO_PFN ? pfn : next_doomed(e, nid, highest);
}

/* ---- life -------------------------------------------------------------------------------------- */

int engine_init_cold(struct engine *e, struct mmr_error *err)
{
	struct pressure *p = &e->pressure;
	unsigned int nr_nodes = e->options.machine->nr_nodes;

	p->cold = calloc(nr_nodes, sizeof(*p->cold));
	p->next_doomed = calloc(nr_nodes, sizeof(*p->next_doomed));
	if (!p->cold || !p->next_doomed)
		return mmr_err(err, -ENOMEM, "no memory to know what is cold on %u nodes", nr_nodes);
	mmr_set_cold_blocks(e->core, coldest, e);
	return e->translate.copies == 1 ? find_doomed(e, err) : 0;
}

void engine_deinit_cold(struct engine *e)
{
	struct pressure *p = &e->pressure;

	for (unsigned int n = 0; p->cold && n < e->options.machine->nr_nodes; n++)
		for (int z = 0; z < MAX_NR_ZONES; z++)
			free(p->cold[n][z].blocks);
	free(p->cold);
	free(p->next_doomed);
	free(p->doomed);
}

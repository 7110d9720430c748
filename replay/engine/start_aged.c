// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A synthetic past. Memory is filled with blocks of all kinds; then, as long as pages that cannot move
 * are not scattered widely enough, some movable pages make room for them where they happen to lie; then
 * movable blocks are given back until the wanted share is free, single ones as long as the free memory
 * is not cut up enough, whole pageblocks otherwise.
 */
#include "replay/engine/start_aged.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/state.h"
#include "replay/parse.h"
#include "replay/result/fragmentation.h"

/*
 * What a past takes for each page. Were all blocks of one page, 34: the block twice while they are sorted, its
 * page record, its owner. Many are larger: 32 GiB took 14 to 21.4, the most with scatter=1,frag=1.
 */
#define BYTES_PER_PAGE 24
#define SCATTER_ROUNDS 64
#define RELEASE_CHUNKS 400
#define NO_BLOCK       UINT32_MAX

/* One block of the history; freed ones are marked in place. */
struct aged_block {
	uint32_t pfn;
	uint8_t order, type;
	bool freed;
};

struct history {
	struct mmr_machine *core;
	const struct machine *machine;
	uint64_t random;
	const volatile sig_atomic_t *stop; /* may be NULL */
	struct aged_block *blocks;
	size_t nr, max;
	uint64_t managed; /* pages of the machine */
	uint32_t *first; /* [nr_pageblocks + 1] its first block, once they are sorted */
	uint32_t nr_pageblocks;
	uint16_t *cpu_of_node; /* a CPU that asks for a node: its own, or the first */
	bool *spoiled; /* [nr_pageblocks] holds a page that cannot move */
};

int aging_parse(const char *text, struct aging *ret, struct mmr_error *err)
{
	struct {
		const char *name;
		double *value, min, max;
	} names[] = {{"free", &ret->free_share, 0.01, 0.99},
		     {"scatter", &ret->scatter, 0, 1},
		     {"frag", &ret->unusable, 0, 1}};

	while (*text) {
		size_t len = strcspn(text, "="), end = strcspn(text, ",");
		char value[32];
		unsigned int i = 0;

		while (i < 3 && (strlen(names[i].name) != len || strncmp(names[i].name, text, len) != 0))
			i++;
		if (i == 3 || len >= end || end - len > sizeof(value))
			return mmr_err(err, -EINVAL, "\"%s\", expected free=SHARE, scatter=SHARE, frag=SHARE",
				       text);
		snprintf(value, sizeof(value), "%.*s", (int)(end - len - 1), text + len + 1);
		if (!parse_share(value, names[i].value) || *names[i].value < names[i].min ||
		    *names[i].value > names[i].max)
			return mmr_err(err, -EINVAL, "%s=%s, expected %g..%g", names[i].name, value,
				       names[i].min, names[i].max);
		text += end + (text[end] == ',');
	}
	return 0;
}

/* ---- figures ---------------------------------------------------------------------------------- */

static void add_free(const struct mmr_machine *core, const struct machine *machine, unsigned int nid,
		     uint32_t nr_free[NR_PAGE_ORDERS], uint64_t *pages)
{
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		struct mmr_zone_info info;

		if (!mmr_zone_read(core, nid, z, &info))
			continue;
		*pages += info.nr_free_pages;
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
				nr_free[order] += info.nr_free[order][mt];
	}
}

struct scatter {
	uint32_t last; /* pageblock counted last: blocks come ascending */
	uint64_t nr;
};

static void count_unmovable(void *ctx, uint32_t pfn, unsigned int order, enum migratetype mt)
{
	struct scatter *s = ctx;

	if (mt == MIGRATE_MOVABLE || pfn >> PAGEBLOCK_ORDER == s->last)
		return;
	s->last = (pfn + (1u << order) - 1) >> PAGEBLOCK_ORDER;
	s->nr += s->last - (pfn >> PAGEBLOCK_ORDER) + 1;
}

void state_figures(const struct mmr_machine *core, const struct machine *machine, bool with_scatter,
		   struct state_figures *ret)
{
	uint32_t nr_free[NR_PAGE_ORDERS] = {0};
	uint64_t managed = machine_managed_pages(machine);
	struct scatter scatter = {.last = UINT32_MAX};

	*ret = (struct state_figures){0};
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		add_free(core, machine, n, nr_free, &ret->free_pages);
	ret->free_share = managed ? (double)ret->free_pages / (double)managed : 0;
	ret->unusable = unusable_index(nr_free, PAGEBLOCK_ORDER);
	ret->extfrag = extfrag_index(nr_free, PAGEBLOCK_ORDER);
	if (!with_scatter)
		return;
	mmr_each_allocated(core, count_unmovable, &scatter);
	ret->scatter = (double)scatter.nr * PAGEBLOCK_NR_PAGES / (double)(managed ? managed : 1);
	ret->scatter = ret->scatter < 1 ? ret->scatter : 1;
}

static double node_unusable(const struct history *h, unsigned int nid, uint64_t *free_pages)
{
	uint32_t nr_free[NR_PAGE_ORDERS] = {0};

	*free_pages = 0;
	add_free(h->core, h->machine, nid, nr_free, free_pages);
	return unusable_index(nr_free, PAGEBLOCK_ORDER);
}

/* ---- the past --------------------------------------------------------------------------------- */

/* Source: splitmix64, Steele, Lea and Flood, OOPSLA 2014. */
static uint32_t next(struct history *h)
{
	uint64_t z = h->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* Below @bound, without a division. */
static uint32_t next_below(struct history *h, uint32_t bound)
{
	return (uint32_t)((uint64_t)next(h) * bound >> 32);
}

static bool stopped(const struct history *h)
{
	return h->stop && *h->stop;
}

/* A block on @nid that nobody reclaims anything for. Return: false where the node has none, or it is to end. */
static bool take(struct history *h, unsigned int nid, unsigned int order, enum migratetype type)
{
	static const gfp_t gfp[MIGRATE_PCPTYPES] = {
		[MIGRATE_UNMOVABLE] = MMR_GFP_THISNODE | MMR_GFP_NOWARN,
		[MIGRATE_MOVABLE] =
			(MMR_GFP_HIGHUSER_MOVABLE & ~MMR_GFP_RECLAIM) | MMR_GFP_THISNODE | MMR_GFP_NOWARN,
		[MIGRATE_RECLAIMABLE] = MMR_GFP_RECLAIMABLE | MMR_GFP_THISNODE | MMR_GFP_NOWARN,
	};
	const struct mmr_request request = {
		.gfp = gfp[type],
		.cpu = h->cpu_of_node[nid],
		.nid = (int16_t)nid,
		.order = (uint8_t)order,
		.pf_memalloc =
			true, /* past the marks: what stays free would serve unmovable requests in bulk */
	};
	struct mmr_page page;

	if (h->nr == h->max || stopped(h))
		return false;
	page = mmr_alloc_pages(h->core, &request);
	if (page.pfn == MMR_NO_PFN)
		return false;
	h->blocks[h->nr++] = (struct aged_block){page.pfn, (uint8_t)order, (uint8_t)type, false};
	return true;
}

static void give(struct history *h, unsigned int nid, struct aged_block *block)
{
	mmr_free_pages(h->core, block->pfn, block->order, h->cpu_of_node[nid], NULL);
	block->freed = true;
}

/* Small and huge movable blocks by the same number of pages; 15 % of the requests cannot move. */
static void one_request(struct history *h, unsigned int *order, enum migratetype *type)
{
	uint32_t r = next(h);

	*type = r % 100 < 10 ? MIGRATE_UNMOVABLE : r % 100 < 15 ? MIGRATE_RECLAIMABLE : MIGRATE_MOVABLE;
	*order = r >> 8 & 15;
	*order = *order < 12 ? 0 : *order - 12;
	if (*type == MIGRATE_MOVABLE && next(h) % 400 == 0)
		*order = HPAGE_PMD_ORDER;
}

static void fill_node(struct history *h, unsigned int nid)
{
	unsigned int refused = 0;

	while (refused < 32) {
		enum migratetype type;
		unsigned int order;

		one_request(h, &order, &type);
		refused = take(h, nid, order, type) ? 0 : refused + 1;
	}
	while (take(h, nid, 0, MIGRATE_MOVABLE))
		;
}

static unsigned int node_of(const struct history *h, uint32_t pfn)
{
	enum zone_type zone;
	unsigned int nid = 0;

	machine_find_zone(h->machine, pfn, &nid, &zone);
	return nid;
}

/* Forget freed blocks. */
static void compact_blocks(struct history *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->nr; i++)
		if (!h->blocks[i].freed)
			h->blocks[kept++] = h->blocks[i];
	h->nr = kept;
}

static double spoil(struct history *h)
{
	uint64_t nr = 0;

	memset(h->spoiled, 0, h->nr_pageblocks * sizeof(*h->spoiled));
	for (size_t i = 0; i < h->nr; i++)
		if (h->blocks[i].type != MIGRATE_MOVABLE)
			h->spoiled[h->blocks[i].pfn >> PAGEBLOCK_ORDER] = true;
	for (uint32_t b = 0; b < h->nr_pageblocks; b++)
		nr += h->spoiled[b];
	return (double)nr * PAGEBLOCK_NR_PAGES / (double)h->managed;
}

/* A longer block becomes single pages, as a huge page that is split. */
static void split_block(struct history *h, size_t i)
{
	struct aged_block piece = h->blocks[i];
	uint32_t nr = 1u << piece.order;

	if (h->nr + nr > h->max)
		return;
	mmr_split_page(h->core, piece.pfn, piece.order, 0);
	h->blocks[i].order = piece.order = 0;
	while (--nr) {
		piece.pfn++;
		h->blocks[h->nr++] = piece;
	}
}

static bool can_make_room(const struct history *h, const struct aged_block *block)
{
	return !block->freed && block->type == MIGRATE_MOVABLE && !h->spoiled[block->pfn >> PAGEBLOCK_ORDER];
}

static void make_room(struct history *h, struct aged_block *block, uint32_t freed[MAX_NUMNODES])
{
	unsigned int nid = node_of(h, block->pfn);

	give(h, nid, block);
	freed[nid]++;
	h->spoiled[block->pfn >> PAGEBLOCK_ORDER] = true;
}

/* Single movable pages in @nr pageblocks that hold no other make room; huge ones where there are too few. */
static void make_rooms(struct history *h, uint32_t nr, uint32_t freed[MAX_NUMNODES])
{
	size_t start, nr_blocks = h->nr;

	for (uint32_t tries = 8 * nr; nr && tries; tries--) {
		struct aged_block *block = &h->blocks[next_below(h, (uint32_t)nr_blocks)];

		if (can_make_room(h, block) && !block->order) {
			make_room(h, block, freed);
			nr--;
		}
	}
	start = next_below(h, (uint32_t)nr_blocks);
	for (size_t i = 0; i < nr_blocks && nr; i++) {
		size_t at = start + i < nr_blocks ? start + i : start + i - nr_blocks;

		if (!can_make_room(h, &h->blocks[at]))
			continue;
		if (h->blocks[at].order)
			split_block(h, at);
		make_room(h, &h->blocks[at], freed);
		nr--;
	}
}

/*
 * Memory is full, and the lists of unmovable pages are empty: where a movable page goes, an unmovable
 * one comes, by the allocator's own fallback.
 */
static void scatter_unmovable(struct history *h, double wanted)
{
	double reached = spoil(h);

	for (unsigned int round = 0; round < SCATTER_ROUNDS && reached < wanted && !stopped(h); round++) {
		double missing = (wanted - reached) * (double)h->managed / PAGEBLOCK_NR_PAGES;
		uint32_t freed[MAX_NUMNODES] = {0};

		make_rooms(h, (uint32_t)(missing / 2) + 1, freed);
		compact_blocks(h);
		mmr_drain_all_pages(h->core);
		for (unsigned int nid = 0; nid < h->machine->nr_nodes; nid++)
			while (freed[nid] && take(h, nid, 0, MIGRATE_UNMOVABLE))
				freed[nid]--;
		reached = spoil(h);
	}
}

/* ---- giving back ------------------------------------------------------------------------------ */

static int by_pfn(const void *a, const void *b)
{
	const struct aged_block *ba = a, *bb = b;

	return (ba->pfn > bb->pfn) - (ba->pfn < bb->pfn);
}

static void sort_blocks(struct history *h)
{
	size_t i = 0;

	qsort(h->blocks, h->nr, sizeof(*h->blocks), by_pfn);
	for (uint32_t b = 0; b <= h->nr_pageblocks; b++) {
		while (i < h->nr && h->blocks[i].pfn >> PAGEBLOCK_ORDER < b)
			i++;
		h->first[b] = (uint32_t)i;
	}
}

/* The node's blocks lie together, and so do its pageblocks. */
struct node_range {
	uint32_t first_block, end_block, first_pageblock, end_pageblock;
};

static struct node_range range_of(const struct history *h, unsigned int nid)
{
	struct node_range r = {.first_pageblock = UINT32_MAX};

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		const struct mmr_zone_config *zone = &h->machine->nodes[nid].zones[z];
		uint32_t first = zone->start_pfn >> PAGEBLOCK_ORDER;
		uint32_t end = (zone->start_pfn + zone->spanned_pages) >> PAGEBLOCK_ORDER;

		if (!zone->managed_pages)
			continue;
		r.first_pageblock = first < r.first_pageblock ? first : r.first_pageblock;
		r.end_pageblock = end > r.end_pageblock ? end : r.end_pageblock;
	}
	if (r.first_pageblock >= r.end_pageblock)
		return (struct node_range){0};
	r.first_block = h->first[r.first_pageblock];
	r.end_block = h->first[r.end_pageblock];
	return r;
}

/* Single movable blocks, anywhere. Return: pages given back. */
static uint64_t give_singles(struct history *h, unsigned int nid, const struct node_range *r, uint64_t pages)
{
	uint64_t given = 0;

	for (uint64_t tries = 64 * pages; given < pages && tries && r->end_block > r->first_block; tries--) {
		uint32_t i = r->first_block + next_below(h, r->end_block - r->first_block);
		struct aged_block *block = &h->blocks[i];

		if (block->freed || block->type != MIGRATE_MOVABLE || block->order >= PAGEBLOCK_ORDER)
			continue;
		give(h, nid, block);
		given += 1u << block->order;
	}
	return given;
}

/* Whole pageblocks in which all can move. Return: pages given back. */
static uint64_t give_pageblocks(struct history *h, unsigned int nid, const struct node_range *r, uint64_t pages)
{
	uint64_t given = 0;

	for (unsigned int tries = 4096; given < pages && tries; tries--) {
		uint32_t b = r->first_pageblock + next_below(h, r->end_pageblock - r->first_pageblock);

		if (h->spoiled[b])
			continue;
		for (uint32_t i = h->first[b]; i < h->first[b + 1]; i++) {
			if (h->blocks[i].freed)
				continue;
			give(h, nid, &h->blocks[i]);
			given += 1u << h->blocks[i].order;
		}
	}
	return given;
}

static void release_node(struct history *h, unsigned int nid, const struct aging *aging)
{
	const struct node_range r = range_of(h, nid);
	uint64_t wanted = (uint64_t)(aging->free_share * (double)machine_node_pages(h->machine, nid));
	uint64_t chunk = wanted / RELEASE_CHUNKS + 1, free_pages;
	double unusable = node_unusable(h, nid, &free_pages);

	if (r.first_pageblock == r.end_pageblock)
		return;
	while (free_pages < wanted && !stopped(h)) {
		bool singles = unusable < aging->unusable;
		uint64_t left = wanted - free_pages, nr = left < chunk ? left : chunk, given;

		given = singles ? give_singles(h, nid, &r, nr) : give_pageblocks(h, nid, &r, nr);
		if (!given)
			given = singles ? give_pageblocks(h, nid, &r, nr) : give_singles(h, nid, &r, nr);
		if (!given)
			return;
		mmr_drain_all_pages(h->core);
		unusable = node_unusable(h, nid, &free_pages);
	}
}

/* The marks that fallbacks raised are down again after a while, and nobody is reclaiming. */
static void calm_down(struct history *h)
{
	for (unsigned int n = 0; n < h->machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;
			struct mmr_zone_state calm;

			if (!mmr_zone_read(h->core, n, z, &info))
				continue;
			calm = (struct mmr_zone_state){.nr_reserved_highatomic = info.nr_reserved_highatomic};
			mmr_seed_zone_state(h->core, n, z, &calm, NULL);
		}
	}
	for (unsigned int cpu = 0; cpu < h->machine->nr_cpus; cpu++)
		mmr_vmstat_update(h->core, cpu);
	mmr_counters_clear(h->core);
}

/* ---- life -------------------------------------------------------------------------------------- */

static void choose_cpus(struct history *h)
{
	for (unsigned int cpu = h->machine->nr_cpus; cpu-- > 0;)
		h->cpu_of_node[h->machine->cpu_node[cpu]] = (uint16_t)cpu;
}

static uint32_t end_pageblock(const struct machine *machine)
{
	uint32_t end = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];
			uint32_t zone_end = zone->spanned_pages ? zone->start_pfn + zone->spanned_pages : 0;

			end = zone_end > end ? zone_end : end;
		}
	}
	return (end + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER;
}

/* MemAvailable of /proc/meminfo in bytes; UINT64_MAX where the host does not tell. */
static uint64_t available_bytes(void)
{
	FILE *in = fopen("/proc/meminfo", "r");
	uint64_t bytes = UINT64_MAX;
	unsigned long long kib;
	char line[128];

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			bytes = (uint64_t)kib << 10;
	}
	if (in)
		fclose(in);
	return bytes;
}

/* In a used-up memory nearly every page has a record of its own: a large machine's past needs a large host. */
static int check_room(uint64_t managed, struct mmr_error *err)
{
	uint64_t needed = managed * BYTES_PER_PAGE, available = available_bytes();

	if (needed <= available)
		return 0;
	return mmr_err(
		err, -ENOMEM,
		"start aged: a past of the machine's %llu MiB takes %llu MiB of this host, found %llu MiB "
		"available, expected as many; --start empty takes little",
		(unsigned long long)(managed >> 8), (unsigned long long)(needed >> 20),
		(unsigned long long)(available >> 20));
}

int start_age(struct mmr_machine *core, const struct machine *machine, const struct aging *aging, uint64_t seed,
	      const volatile sig_atomic_t *stop, struct mmr_error *err)
{
	struct history h = {.core = core, .machine = machine, .random = seed, .stop = stop};
	int rc;

	h.managed = machine_managed_pages(machine);
	rc = check_room(h.managed, err);
	if (rc)
		return rc;
	h.max = h.managed;
	h.nr_pageblocks = end_pageblock(machine);
	h.blocks = malloc(h.max * sizeof(*h.blocks));
	h.first = calloc((size_t)h.nr_pageblocks + 1, sizeof(*h.first));
	h.spoiled = calloc(h.nr_pageblocks, sizeof(*h.spoiled));
	h.cpu_of_node = calloc(machine->nr_nodes, sizeof(*h.cpu_of_node));
	if (h.blocks && h.first && h.spoiled && h.cpu_of_node) {
		choose_cpus(&h);
		for (unsigned int nid = 0; nid < machine->nr_nodes; nid++)
			fill_node(&h, nid);
		scatter_unmovable(&h, aging->scatter);
		spoil(&h);
		sort_blocks(&h);
		for (unsigned int nid = 0; nid < machine->nr_nodes; nid++)
			release_node(&h, nid, aging);
		calm_down(&h);
		if (stopped(&h))
			rc = mmr_err(err, -EINTR,
				     "start aged: stopped by a signal, before anything was replayed");
	} else {
		rc = mmr_err(err, -ENOMEM, "start aged: no memory for a history of %llu pages",
			     (unsigned long long)h.managed);
	}
	free(h.blocks);
	free(h.first);
	free(h.spoiled);
	free(h.cpu_of_node);
	return rc;
}

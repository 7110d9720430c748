// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/tests/drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "core/internal.h"
#include "core/mempolicy.h"

#define MAX_LIVE 4096

struct live_block {
	uint32_t pfn;
	uint8_t order;
};

/* What the model must agree with: who holds which page. */
struct driver {
	const uint8_t *data;
	size_t left;
	struct mmr_machine *m;
	struct live_block live[MAX_LIVE];
	unsigned int nr_live;
	uint8_t *owned; /* [end_pfn]: 1 where a live block has the page */
	struct mmr_mempolicy policy;
	uint64_t digest;
	struct mmr_error *err;
};

static uint8_t next_byte(struct driver *d)
{
	if (!d->left)
		return 0;
	d->left--;
	return *d->data++;
}

static uint32_t next_word(struct driver *d)
{
	uint32_t word = next_byte(d);

	word |= (uint32_t)next_byte(d) << 8;
	return word | (uint32_t)next_byte(d) << 16;
}

/* A CPU that is online; there is always one. */
static uint16_t next_cpu(struct driver *d)
{
	unsigned int cpu = next_byte(d) % d->m->nr_cpus;

	while (!mmr_cpu_online(d->m, cpu))
		cpu = (cpu + 1) % d->m->nr_cpus;
	return (uint16_t)cpu;
}

/* ---- a machine ------------------------------------------------------------------------------- */

struct plan {
	struct mmr_node_config nodes[4];
	uint16_t cpu_node[8];
	uint8_t distance[16];
	struct mmr_machine_config cfg;
	struct kernel_profile profile;
};

static uint32_t plan_zone(struct driver *d, struct mmr_zone_config *z, uint32_t start)
{
	uint32_t pages = 512u + next_word(d) % 24576;

	z->start_pfn = start;
	z->spanned_pages = z->present_pages = pages;
	z->managed_pages = pages - next_byte(d) % 200;
	z->stat_threshold = next_byte(d) % 126;
	if (next_byte(d) & 1) {
		z->have_watermark = true;
		for (int mark = 0; mark < NR_WMARK; mark++)
			z->watermark[mark] = (uint32_t)(mark + 1) * (next_byte(d) % 64u);
		if (z->watermark[WMARK_MIN] > z->watermark[WMARK_LOW] ||
		    z->watermark[WMARK_LOW] > z->watermark[WMARK_HIGH])
			z->have_watermark = false;
	}
	if (next_byte(d) & 1) {
		z->have_pageset = true;
		z->pcp_batch = 1 + next_byte(d) % 63;
		z->pcp_high_min = next_byte(d) * 2u;
		z->pcp_high_max = z->pcp_high_min + next_byte(d) * 8u;
	}
	return start + pages + next_byte(d) % 3 * 512u;
}

/* A kernel line, in three machines of four with up to three behaviours of another. */
static void plan_profile(struct driver *d, struct kernel_profile *profile)
{
	const char *const *names = kernel_profile_list(), *const * values;
	unsigned int nr_profiles = 0, nr_values = 0;
	struct kernel_profile *derived;
	char spec[KERNEL_PROFILE_NAME_MAX + 80];
	const char *axis;

	while (names[nr_profiles])
		nr_profiles++;
	*profile = *kernel_profile_find(names[next_byte(d) % nr_profiles]);
	for (unsigned int i = next_byte(d) % 4; i; i--) {
		axis = kernel_profile_axis(next_byte(d) % 64, &values);
		if (!axis)
			continue;
		for (nr_values = 0; values[nr_values];)
			nr_values++;
		snprintf(spec, sizeof(spec), "%s,%s=%s", profile->name, axis, values[next_byte(d) % nr_values]);
		if (strlen(spec) >= KERNEL_PROFILE_NAME_MAX)
			return;
		if (kernel_profile_parse(spec, &derived, NULL))
			abort();
		*profile = *derived;
		kernel_profile_destroy(derived);
	}
}

static void plan_machine(struct driver *d, struct plan *plan)
{
	uint32_t pfn = next_byte(d) % 64u;

	plan_profile(d, &plan->profile);
	plan->cfg = (struct mmr_machine_config){
		.profile = &plan->profile,
		.nr_nodes = 1 + next_byte(d) % 4,
		.nr_cpus = 1 + next_byte(d) % 8,
		.cpu_node = plan->cpu_node,
		.nodes = plan->nodes,
		.sysctl = MMR_SYSCTL_DEFAULT,
		.cpu_llc_pages = next_byte(d) & 1 ? 512 : 0,
		.boot_zonelists = next_byte(d) & 1,
	};
	plan->cfg.reclaim =
		(struct mmr_reclaim){.enabled = next_byte(d) & 1, .reclaimable_percent = next_byte(d) % 101};
	plan->cfg.compaction =
		(struct mmr_compaction){.enabled = next_byte(d) & 1, .movable_percent = next_byte(d) % 101};
	plan->cfg.compaction.skip_hints = plan->cfg.compaction.movable_percent & 1;
	plan->cfg.compaction.fast_search = plan->cfg.compaction.movable_percent & 2;
	plan->cfg.sysctl.zone_reclaim_mode = next_byte(d) % 4 == 0;
	plan->cfg.sysctl.defrag_mode = next_byte(d) % 4 == 0;
	plan->cfg.sysctl.compaction_proactiveness = next_byte(d) % 101;
	plan->cfg.shuffle_seed = next_byte(d);
	for (unsigned int nid = 0; nid < plan->cfg.nr_nodes; nid++) {
		/* Bits of enum zone_type; a first node always has a Normal zone. */
		unsigned int zones = next_byte(d) | (nid ? 0 : 1u << ZONE_NORMAL);

		/* Every other machine is without highmem. */
		if (zones & 0x40)
			zones &= ~(1u << ZONE_HIGHMEM);
		for (int i = 0; i < MAX_NR_ZONES; i++) {
			if (zones >> i & 1)
				pfn = plan_zone(d, &plan->nodes[nid].zones[i], pfn);
		}
		plan->nodes[nid].zones[ZONE_DEVICE].managed_pages = 0;
	}
	for (unsigned int cpu = 0; cpu < plan->cfg.nr_cpus; cpu++)
		plan->cpu_node[cpu] = (uint16_t)(next_byte(d) % plan->cfg.nr_nodes);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int take_ownership(struct driver *d, struct mmr_page page, unsigned int order)
{
	d->digest = (d->digest ^ page.pfn ^ (uint64_t)order << 32) * 0x100000001b3;
	if (page.pfn & ((1u << order) - 1) || (uint64_t)page.pfn + (1u << order) > d->m->end_pfn)
		return mmr_err(d->err, -EUCLEAN, "pfn %u is no block of order %u", page.pfn, order);
	for (uint32_t pfn = page.pfn; pfn < page.pfn + (1u << order); pfn++) {
		if (d->owned[pfn])
			return mmr_err(d->err, -EUCLEAN, "pfn %u was handed out twice", pfn);
		d->owned[pfn] = 1;
	}
	d->live[d->nr_live++] = (struct live_block){page.pfn, (uint8_t)order};
	return 0;
}

/* What was reclaimed is no longer live, and must have been; what moved is live elsewhere. */
static int follow_displaced(struct driver *d)
{
	struct mmr_displaced blocks[64];
	unsigned int nr;

	while ((nr = mmr_displaced_blocks(d->m, blocks, 64))) {
		for (unsigned int i = 0; i < nr; i++) {
			unsigned int at = 0;

			while (at < d->nr_live &&
			       (d->live[at].pfn != blocks[i].from || d->live[at].order != blocks[i].order))
				at++;
			if (at == d->nr_live)
				return mmr_err(d->err, -EUCLEAN,
					       "pfn %u order %u was displaced, which nobody held",
					       blocks[i].from, blocks[i].order);
			memset(d->owned + blocks[i].from, 0, 1u << blocks[i].order);
			d->live[at] = d->live[--d->nr_live];
			if (blocks[i].to != MMR_NO_PFN &&
			    take_ownership(d, (struct mmr_page){.pfn = blocks[i].to}, blocks[i].order))
				return -EUCLEAN;
		}
	}
	return 0;
}

static int do_alloc(struct driver *d)
{
	static const gfp_t gfps[] = {
		MMR_GFP_KERNEL,
		MMR_GFP_HIGHUSER_MOVABLE,
		MMR_GFP_KERNEL | MMR_GFP_RECLAIMABLE,
		MMR_GFP_ATOMIC_MASK,
		MMR_GFP_NOWAIT_MASK,
		MMR_GFP_KERNEL | MMR_GFP_DMA32,
		MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_THISNODE | MMR_GFP_NORETRY,
		MMR_GFP_KERNEL | MMR_GFP_MEMALLOC,
		MMR_GFP_KERNEL | MMR_GFP_NOFAIL,
		MMR_GFP_USER | MMR_GFP_WRITE,
		MMR_GFP_TRANSHUGE_LIGHT,
		MMR_GFP_KERNEL | MMR_GFP_DMA,
		MMR_GFP_KERNEL | MMR_GFP_NORETRY,
		MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL,
	};
	struct mmr_cpuset cpuset = {0}, later = {0};
	uint8_t what = next_byte(d), how = next_byte(d), order = next_byte(d);
	struct mmr_request req = {
		.gfp = gfps[what % (sizeof(gfps) / sizeof(gfps[0]))],
		.cpu = next_cpu(d),
		.nid = NUMA_NO_NODE,
		.order = order & 0x80   ? order % 16
			 : order & 0x40 ? 0
					: order % 4,
		.pf_memalloc = how & 0x80,
	};
	struct mmr_page page;
	bool legal;

	if (how & 0x40)
		req.nid = (int16_t)(next_byte(d) % d->m->nr_nodes);
	if (how & 0x20)
		req.nodemask = next_byte(d) & 0xf;
	if ((how & 0xf) == 1) {
		cpuset.mems_allowed = next_byte(d) & 0xf;
		cpuset.hardwall_mems = cpuset.mems_allowed | (next_byte(d) & 0xf);
		req.cpuset = &cpuset;
		if (how & 0x10) {
			later.mems_allowed = next_byte(d) & 0xf;
			later.hardwall_mems = later.mems_allowed | cpuset.hardwall_mems;
			cpuset.later = &later;
		}
	}
	if ((how & 0xf) < 4)
		req.task = next_byte(d) & MMR_TASK_KNOWN;
	legal = !mmr_request_check(d->m, &req, NULL);
	if (d->nr_live == MAX_LIVE)
		return 0;
	if (what == 255)
		page = mmr_alloc_pages_nolock(d->m, req.order, req.nid, req.cpu, how & 0x10);
	else if ((what & 0xf0) == 0xe0)
		page = mmr_alloc_pages_mpol(d->m, &req, how & 0x10, &d->policy);
	else
		page = mmr_alloc_pages(d->m, &req);
	if (follow_displaced(d))
		return -EUCLEAN;
	if (page.pfn == MMR_NO_PFN)
		return 0;
	if (legal && req.cpuset && !(req.task & 0xf) && what < 0xe0 && !(req.gfp & MMR_GFP_MEMALLOC) &&
	    !req.pf_memalloc && !(req.gfp & MMR_GFP_NOFAIL) && (req.gfp & MMR_GFP_DIRECT_RECLAIM) &&
	    !((cpuset.hardwall_mems | later.hardwall_mems) >> page.nid & 1))
		return mmr_err(d->err, -EUCLEAN, "pfn %u of node %u for a cpuset of nodes 0x%llx", page.pfn,
			       page.nid, (unsigned long long)cpuset.hardwall_mems);
	if (!legal && req.order > MAX_PAGE_ORDER)
		return mmr_err(d->err, -EUCLEAN, "a request of order %u was served", req.order);
	return take_ownership(d, page, req.order);
}

static int do_free(struct driver *d)
{
	uint32_t victim = next_word(d), cpu = next_cpu(d);
	struct live_block block;
	int rc;

	if (!d->nr_live)
		return 0;
	victim %= d->nr_live;
	block = d->live[victim];
	d->live[victim] = d->live[--d->nr_live];
	if (victim % 16 == 1)
		rc = mmr_free_pages_nolock(d->m, block.pfn, block.order, cpu, victim & 16);
	else
		rc = victim % 16 ? mmr_free_pages(d->m, block.pfn, block.order, cpu, NULL)
				 : mmr_free_pages_ok(d->m, block.pfn, block.order, cpu, victim & 16);
	if (rc)
		return mmr_err(d->err, rc, "free of the live block at pfn %u order %u was refused", block.pfn,
			       block.order);
	memset(d->owned + block.pfn, 0, 1u << block.order);
	return 0;
}

/* A free that must be refused: whatever is not the head of a live block of this order. */
static int do_wrong_free(struct driver *d)
{
	uint32_t pfn = next_word(d) % (d->m->end_pfn + 16), order = next_byte(d) % 13;
	bool wrong = pfn >= d->m->end_pfn || order > MAX_PAGE_ORDER, head = false;

	for (unsigned int i = 0; i < d->nr_live && !head; i++)
		head = d->live[i].pfn == pfn && d->live[i].order == order;
	if (head || (!wrong && !mmr_free_check(d->m, pfn, order, NULL) && !d->owned[pfn]))
		return 0; /* right, or boot's page */
	if (!mmr_free_pages(d->m, pfn, order, next_cpu(d), NULL))
		return mmr_err(d->err, -EUCLEAN, "wrong free of pfn %u order %u was taken", pfn, order);
	return 0;
}

static int do_split(struct driver *d)
{
	uint32_t victim = next_word(d);
	struct live_block *block;
	unsigned int new_order, nr;

	if (!d->nr_live)
		return 0;
	block = &d->live[victim % d->nr_live];
	new_order = block->order ? next_byte(d) % block->order : 0;
	nr = 1u << (block->order - new_order);
	if (d->nr_live + nr > MAX_LIVE)
		return 0;
	if (mmr_split_page(d->m, block->pfn, block->order, new_order))
		return mmr_err(d->err, -EUCLEAN, "split of pfn %u order %u was refused", block->pfn,
			       block->order);
	block->order = (uint8_t)new_order;
	for (unsigned int i = 1; i < nr; i++)
		d->live[d->nr_live++] = (struct live_block){block->pfn + (i << new_order), (uint8_t)new_order};
	return 0;
}

static int do_bulk(struct driver *d)
{
	struct mmr_request req = {.gfp = next_byte(d) & 1 ? MMR_GFP_KERNEL : MMR_GFP_HIGHUSER_MOVABLE,
				  .cpu = next_cpu(d),
				  .nid = NUMA_NO_NODE};
	unsigned int nr = next_byte(d), got, how = next_byte(d) % 3;
	uint32_t pfns[255];
	int rc = 0;

	if (d->nr_live + nr > MAX_LIVE)
		return 0;
	/* These ask more than once: what they hold must not be what their next request reclaims. */
	if (how)
		req.gfp = MMR_GFP_KERNEL;
	if (how == 0)
		got = mmr_alloc_pages_bulk(d->m, &req, nr, 0, pfns);
	else if (how == 1)
		got = mmr_alloc_pages_bulk_mpol(d->m, &req, nr, &d->policy, pfns);
	else
		got = mmr_vmalloc(d->m, &req, nr, pfns);
	if (follow_displaced(d))
		return -EUCLEAN;
	if (got > nr)
		return mmr_err(d->err, -EUCLEAN, "a bulk request for %u pages got %u", nr, got);
	for (unsigned int i = 0; !rc && i < got; i++)
		rc = take_ownership(d, (struct mmr_page){.pfn = pfns[i]}, 0);
	return rc;
}

/* Another policy for the requests to come. */
static void do_policy(struct driver *d)
{
	d->policy.mode = next_byte(d) % NR_MMR_MPOLS;
	d->policy.nodes = next_byte(d) & ((1u << d->m->nr_nodes) - 1);
	for (int nid = 0; nid < 4; nid++)
		d->policy.weights[nid] = next_byte(d) % 8;
}

static void forget_live(struct driver *d, unsigned int at)
{
	memset(d->owned + d->live[at].pfn, 0, 1u << d->live[at].order);
	d->live[at] = d->live[--d->nr_live];
}

/* A batch of the blocks that were taken last, as an exiting task's. */
static int do_batch(struct driver *d)
{
	unsigned int nr = next_byte(d) % (MMR_FOLIO_BATCH_MAX + 1), cpu = next_cpu(d);
	struct mmr_block blocks[MMR_FOLIO_BATCH_MAX];

	nr = nr < d->nr_live ? nr : d->nr_live;
	for (unsigned int i = 0; i < nr; i++) {
		blocks[i] = (struct mmr_block){d->live[d->nr_live - 1].pfn, d->live[d->nr_live - 1].order};
		forget_live(d, d->nr_live - 1);
	}
	return mmr_free_folios(d->m, blocks, nr, cpu, d->err);
}

/* Single pages together, neighbours among them, as of a vmalloc area. */
static int do_free_bulk(struct driver *d)
{
	unsigned int cpu = next_cpu(d), nr = 0, want = next_byte(d);
	uint32_t pfns[255];

	for (unsigned int i = d->nr_live; i-- && nr < want;) {
		if (d->live[i].order)
			continue;
		pfns[nr++] = d->live[i].pfn;
		forget_live(d, i);
	}
	/* The driver took them from the end; ascending neighbours are what joins. */
	for (unsigned int i = 0; i < nr / 2; i++) {
		uint32_t pfn = pfns[i];

		pfns[i] = pfns[nr - 1 - i];
		pfns[nr - 1 - i] = pfn;
	}
	return mmr_free_pages_bulk(d->m, pfns, nr, cpu, d->err);
}

/* An exact size; it is live page by page. */
static int do_exact(struct driver *d)
{
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .cpu = next_cpu(d), .nid = NUMA_NO_NODE};
	unsigned int nr = next_byte(d) * 2;
	struct mmr_page page;

	if (d->nr_live + nr > MAX_LIVE)
		return 0;
	page = mmr_alloc_pages_exact(d->m, &req, nr);
	if (follow_displaced(d))
		return -EUCLEAN;
	for (uint32_t i = 0; page.pfn != MMR_NO_PFN && i < nr; i++) {
		if (take_ownership(d, (struct mmr_page){.pfn = page.pfn + i}, 0))
			return -EUCLEAN;
	}
	return 0;
}

/* All of a block but its first page goes. */
static int do_free_but_first(struct driver *d)
{
	uint32_t victim = next_word(d), cpu = next_cpu(d);
	struct live_block *block;
	int rc;

	if (!d->nr_live)
		return 0;
	block = &d->live[victim % d->nr_live];
	rc = mmr_free_pages_but_first(d->m, block->pfn, block->order, cpu, d->err);
	if (!rc) {
		memset(d->owned + block->pfn + 1, 0, (1u << block->order) - 1);
		block->order = 0;
	}
	return rc;
}

/* CPUs come and go. */
static int do_hotplug(struct driver *d)
{
	unsigned int cpu = next_byte(d) % d->m->nr_cpus;
	int rc = mmr_cpu_set_online(d->m, cpu, next_byte(d) & 1, d->err);

	return rc == -EBUSY ? 0 : rc;
}

/* Set a pageblock aside, or return one to service; refusals are fine. */
static int do_isolate(struct driver *d)
{
	uint32_t pfn = next_word(d) % d->m->end_pfn, cpu = next_cpu(d);

	if (next_byte(d) & 1)
		mmr_pageblock_isolate(d->m, pfn, cpu, NULL);
	else
		mmr_pageblock_unisolate(d->m, pfn, next_byte(d) % MIGRATE_PCPTYPES, cpu, NULL);
	return 0;
}

/* A range taken whole is live page by page. */
static int do_contig(struct driver *d)
{
	uint32_t start = next_word(d) % d->m->end_pfn, nr = 1 + next_byte(d) * 4u;
	uint32_t cpu = next_cpu(d);
	int rc;

	if (d->nr_live + nr > MAX_LIVE)
		return 0;
	rc = mmr_alloc_contig_range(d->m, start, start + nr, MIGRATE_MOVABLE, cpu, NULL);
	if (follow_displaced(d))
		return -EUCLEAN;
	for (uint32_t i = 0; !rc && i < nr; i++) {
		if (take_ownership(d, (struct mmr_page){.pfn = start + i}, 0))
			return -EUCLEAN;
	}
	return 0;
}

static int do_compact(struct driver *d)
{
	unsigned int nid = next_byte(d) % d->m->nr_nodes, cpu = next_cpu(d), order = next_byte(d) % 24;

	if (order < 12)
		mmr_compact_node(d->m, nid, (int)order - 1, cpu, NULL);
	else
		mmr_kcompactd_turn(d->m, nid, cpu, NULL);
	return follow_displaced(d);
}

/* Settings and dirty pages change while the machine runs. */
static int do_settings(struct driver *d)
{
	struct mmr_node_dirty dirty = {next_word(d) % 30000, next_word(d) % 30000, 20};
	struct mmr_sysctl sysctl = d->m->sysctl;

	if (next_byte(d) & 1)
		return mmr_node_set_dirty(d->m, next_byte(d) % d->m->nr_nodes, &dirty, d->err);
	if (next_byte(d) & 1) {
		struct mmr_demotion demotion = {.lower = next_byte(d) & 0xf, .allowed = next_byte(d) & 0xf};

		demotion.preferred = demotion.lower & next_byte(d);
		mmr_node_set_demotion(d->m, next_byte(d) % d->m->nr_nodes, &demotion, NULL);
		return 0;
	}
	sysctl.zone_reclaim_mode = next_byte(d) & 1;
	sysctl.min_free_kbytes = next_byte(d) & 1 ? 256u + next_byte(d) * 16u : sysctl.min_free_kbytes;
	sysctl.percpu_pagelist_high_fraction = next_byte(d) & 1 ? 8u + next_byte(d) : 0;
	return mmr_machine_set_sysctl(d->m, &sysctl, d->err);
}

static int do_one(struct driver *d)
{
	uint8_t op = next_byte(d);

	if (op < 105)
		return do_alloc(d);
	if (op < 205)
		return do_free(d);
	if (op < 208)
		return do_bulk(d);
	if (op < 211)
		return do_batch(d);
	if (op < 213)
		return do_free_bulk(d);
	if (op < 214)
		return do_exact(d);
	if (op < 217)
		return do_free_but_first(d);
	if (op < 230)
		return do_split(d);
	if (op < 238)
		return do_wrong_free(d);
	if (op < 240)
		return do_isolate(d);
	if (op < 241)
		return do_contig(d);
	if (op < 244)
		return do_compact(d);
	if (op < 245)
		return do_hotplug(d);
	if (op < 247)
		return next_byte(d) % 8 ? 0 : do_settings(d);
	if (op == 247)
		do_policy(d);
	else if (op < 253)
		mmr_vmstat_update(d->m, next_byte(d) % d->m->nr_cpus);
	else
		mmr_drain_all_pages(d->m);
	return 0;
}

static int free_everything(struct driver *d)
{
	int rc = 0;

	for (unsigned int cpu = 0; cpu < d->m->nr_cpus; cpu++)
		mmr_cpu_set_online(d->m, cpu, true, NULL);
	while (!rc && d->nr_live) {
		struct live_block block = d->live[--d->nr_live];

		rc = mmr_free_pages(d->m, block.pfn, block.order, d->nr_live % d->m->nr_cpus, NULL);
	}
	mmr_drain_all_pages(d->m);
	return rc;
}

static int drive(struct driver *d)
{
	unsigned int since_check = 0;
	int rc = 0;

	mmr_seed_empty(d->m);
	while (!rc && d->left) {
		rc = do_one(d);
		if (!rc && ++since_check == 4000) {
			rc = mmr_check(d->m, d->err);
			since_check = 0;
		}
	}
	if (!rc)
		rc = mmr_check(d->m, d->err);
	if (!rc)
		rc = free_everything(d);
	return rc ? rc : mmr_check(d->m, d->err);
}

static void add_counters(struct mmr_counters *sum, const struct mmr_machine *m)
{
	struct mmr_counters one;

	mmr_counters_read(m, &one);
	for (size_t i = 0; sum && i < sizeof(one) / sizeof(uint64_t); i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)&one)[i];
}

int drive_machine(const uint8_t *data, size_t size, const struct kernel_profile *profile,
		  struct mmr_counters *sum, uint64_t *digest, struct mmr_error *err)
{
	struct driver *d = calloc(1, sizeof(*d));
	struct plan plan = {0};
	int rc;

	if (!d)
		return mmr_err(err, -ENOMEM, "no memory for the driver");
	d->data = data;
	d->left = size;
	d->err = err;
	plan_machine(d, &plan);
	if (profile)
		plan.profile = *profile;
	rc = mmr_machine_create(&plan.cfg, &d->m, err);
	if (!rc) {
		d->owned = calloc(d->m->end_pfn, 1);
		rc = d->owned ? drive(d) : -ENOMEM;
		add_counters(sum, d->m);
		if (digest)
			*digest = d->digest;
		free(d->owned);
		mmr_machine_destroy(d->m);
	}
	free(d);
	return rc;
}

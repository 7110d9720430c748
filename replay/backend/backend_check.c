// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The conformance test of backends. Every page that comes back passes the same guard as in a replay; the
 * expectations are about what follows: nothing leaks, pieces merge, a refusal is not the end, and the same
 * requests give the same pages.
 */
#include "replay/backend/backend_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile.h"
#include "replay/backend/backend_guard.h"

/*
 * Two nodes of 64 MiB and two CPUs each; page frames begin in the middle of a pageblock, and between the
 * nodes is a hole.
 */
#define NODE_PAGES 16384u
#define START_PFN  (8192u + 96u)
#define HOLE_PAGES 5000u
#define ALL_PAGES  (2 * NODE_PAGES)

/* One allocator under test, and every block it has handed out. */
struct bench {
	const struct backend *backend;
	struct mmr_machine *core; /* of the model */
	void *ctx; /* of all others */
	struct backend_guard guard;
	struct mmr_block *blocks; /* [ALL_PAGES] */
	uint32_t nr_blocks;
	uint64_t hash; /* of all answers */
	uint32_t random;
	char *note;
	struct mmr_error err;
};

static int make(struct bench *b)
{
	static const uint16_t cpu_node[] = {0, 0, 1, 1};
	static const uint8_t distance[] = {10, 20, 20, 10};
	static struct mmr_node_config nodes[2];
	struct mmr_mem_range ranges[2];
	struct mmr_machine_config cfg = {
		.nr_nodes = 2,
		.nr_cpus = 4,
		.cpu_node = cpu_node,
		.distance = distance,
		.nodes = nodes,
		.ranges = ranges,
		.nr_ranges = 2,
		.sysctl = MMR_SYSCTL_DEFAULT,
	};
	const struct kernel_profile *profile = kernel_profile_find("6.12");
	int rc = profile ? 0 : -EINVAL;

	for (unsigned int n = 0; n < 2; n++) {
		ranges[n] = (struct mmr_mem_range){START_PFN + n * (NODE_PAGES + HOLE_PAGES), NODE_PAGES};
		nodes[n].zones[ZONE_NORMAL] = (struct mmr_zone_config){
			.start_pfn = ranges[n].start_pfn,
			.spanned_pages = NODE_PAGES,
			.present_pages = NODE_PAGES,
			.managed_pages = NODE_PAGES,
		};
	}
	cfg.profile = profile;
	rc = rc ? rc : backend_guard_init(&b->guard, &cfg, &b->err);
	if (!rc && b->backend->kind == BACKEND_CORE) {
		rc = mmr_machine_create(&cfg, &b->core, &b->err);
		if (!rc)
			mmr_seed_empty(b->core);
	} else if (!rc) {
		rc = b->backend->create(b->backend, &cfg, 1, &b->ctx, &b->err);
	}
	return rc;
}

static void unmake(struct bench *b)
{
	if (b->ctx)
		b->backend->destroy(b->ctx);
	mmr_machine_destroy(b->core);
	backend_guard_deinit(&b->guard);
	b->ctx = NULL;
	b->core = NULL;
	b->nr_blocks = 0;
}

static bool fail(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->note, sizeof(((struct backend_check *)NULL)->note), fmt, ap);
	va_end(ap);
	return false;
}

static uint32_t random_below(struct bench *b, uint32_t below)
{
	b->random = b->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(b->random >> 4) * below >> 28);
}

/* Return: 1 got it, 0 refused, -1 a page it must not return. */
static int take(struct bench *b, unsigned int order, unsigned int cpu, bool movable)
{
	const struct mmr_request request = {
		.gfp = movable ? MMR_GFP_HIGHUSER_MOVABLE : MMR_GFP_KERNEL | MMR_GFP_NORETRY,
		.order = (uint8_t)order,
		.cpu = (uint16_t)cpu,
		.nid = NUMA_NO_NODE,
	};
	struct mmr_page page =
		b->core ? mmr_alloc_pages(b->core, &request) : b->backend->alloc(b->ctx, &request);

	b->hash = (b->hash ^ page.pfn) * 0x9e3779b97f4a7c15u;
	if (page.pfn == MMR_NO_PFN)
		return 0;
	if (backend_guard_take(&b->guard, page.pfn, order, &b->err)) {
		fail(b, "%s", b->err.msg);
		return -1;
	}
	b->blocks[b->nr_blocks++] = (struct mmr_block){page.pfn, (uint8_t)order};
	return 1;
}

static bool give(struct bench *b, uint32_t pfn, unsigned int order, unsigned int cpu)
{
	uint8_t path;
	int rc;

	backend_guard_give(&b->guard, pfn, order);
	rc = b->core ? mmr_free_pages(b->core, pfn, order, cpu, &path)
		     : b->backend->free(b->ctx, pfn, order, cpu, &path);
	return rc ? fail(b, "the free of its own block at pfn %u, order %u, is refused (%d)", pfn, order, rc)
		  : true;
}

static bool give_nth(struct bench *b, uint32_t n, unsigned int cpu)
{
	struct mmr_block block = b->blocks[n];

	b->blocks[n] = b->blocks[--b->nr_blocks];
	return give(b, block.pfn, block.order, cpu);
}

static bool give_all(struct bench *b)
{
	while (b->nr_blocks) {
		if (!give_nth(b, random_below(b, b->nr_blocks), random_below(b, 4)))
			return false;
	}
	if (b->core)
		mmr_drain_all_pages(b->core);
	return true;
}

/* As many as there are. Return: how many, -1 for a bad page. */
static int64_t fill(struct bench *b, unsigned int order)
{
	int64_t nr = 0;
	int got;

	while ((got = take(b, order, 0, true)) > 0)
		nr++;
	return got < 0 ? -1 : nr;
}

/* ---- the expectations ---------------------------------------------------------------------------- */

static bool every_order(struct bench *b)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		int got = take(b, order, order % 4, order & 1);

		if (got <= 0)
			return got ? false : fail(b, "order %u is refused on empty memory", order);
	}
	return give_all(b);
}

static bool all_memory(struct bench *b)
{
	int64_t nr = fill(b, 0);

	if (nr < 0)
		return false;
	fail(b, "%lld of %u pages", (long long)nr, ALL_PAGES);
	return nr >= ALL_PAGES / 2;
}

static bool nothing_leaks(struct bench *b)
{
	int64_t first = fill(b, 0), then;

	for (int round = 0; round < 3; round++) {
		if (first < 0 || !give_all(b))
			return false;
		then = fill(b, 0);
		if (then < 0)
			return false;
		if (then < first - first / 100)
			return fail(b, "%lld pages at first, %lld after all had been freed", (long long)first,
				    (long long)then);
	}
	return true;
}

static bool refusal_is_not_the_end(struct bench *b)
{
	int64_t nr = fill(b, 0);
	int got;

	if (nr <= 0)
		return nr ? false : fail(b, "nothing to be had");
	/* What lies on the list of another CPU may be out of reach: free where it is asked for. */
	for (int i = 0; i < 256; i++)
		if (!give_nth(b, b->nr_blocks - 1, 0))
			return false;
	got = take(b, 0, 0, true);
	return got ? got > 0 : fail(b, "refused although 256 pages had been freed");
}

static bool pieces_come_back(struct bench *b)
{
	struct mmr_block whole;

	for (unsigned int round = 0; round < 20; round++) {
		int got = take(b, 9, 1, true), rc;

		if (got <= 0)
			return got ? false : fail(b, "order 9 is refused in round %u", round);
		whole = b->blocks[--b->nr_blocks];
		rc = b->core             ? mmr_split_page(b->core, whole.pfn, 9, 0)
		     : b->backend->split ? b->backend->split(b->ctx, whole.pfn, 9, 0)
					 : 0;
		if (rc)
			return fail(b, "the split of its own block is refused (%d)", rc);
		for (uint32_t i = 0; i < 512; i++)
			if (!give(b, whole.pfn + (i * 37 & 511), 0, i & 3))
				return false;
	}
	return true;
}

static bool any_order_of_things(struct bench *b)
{
	for (unsigned int step = 0; step < 100000; step++) {
		/* Mostly single pages, and more and more memory in use up to three quarters. */
		bool want = b->nr_blocks < 64 || random_below(b, 1000) < (b->nr_blocks < 12000 ? 600 : 400);
		unsigned int order = random_below(b, 8) ? 0 : random_below(b, MAX_PAGE_ORDER + 1);

		if (want && take(b, order, random_below(b, 4), random_below(b, 4)) < 0)
			return false;
		if (!want && !give_nth(b, random_below(b, b->nr_blocks), random_below(b, 4)))
			return false;
	}
	return give_all(b);
}

static bool same_again(struct bench *b)
{
	uint64_t first;

	if (!any_order_of_things(b))
		return false;
	first = b->hash;
	unmake(b);
	b->hash = 0;
	b->random = 1;
	if (make(b))
		return fail(b, "%s", b->err.msg);
	if (!any_order_of_things(b))
		return false;
	return first == b->hash || fail(b, "the same requests gave other pages");
}

/* Not demanded: a backend may choose to keep pieces apart. But its user should know. */
static bool largest_blocks_again(struct bench *b)
{
	int64_t before = fill(b, MAX_PAGE_ORDER), after;

	if (before < 0 || !give_all(b) || fill(b, 0) < 0 || !give_all(b))
		return false;
	after = fill(b, MAX_PAGE_ORDER);
	fail(b, "%lld blocks of 4 MiB from fresh memory, %lld after it had been used by the page",
	     (long long)before, (long long)after);
	return after >= 0;
}

int backend_check(const struct backend *backend, struct backend_check *ret, struct mmr_error *err)
{
	static const struct {
		const char *name;
		bool (*holds)(struct bench *);
	} all[BACKEND_CHECKS] = {
		{"every order, aligned and in range", every_order},
		{"memory is given out, no page twice", all_memory},
		{"what is freed can be had again", nothing_leaks},
		{"a refusal is not the end", refusal_is_not_the_end},
		{"a block may be freed in pieces", pieces_come_back},
		{"100,000 requests in any order", any_order_of_things},
		{"the same requests give the same pages", same_again},
		{"pages become blocks again (told, not demanded)", largest_blocks_again},
	};
	struct bench b = {.backend = backend};

	if (backend->kind == BACKEND_NULL)
		return mmr_err(err, -EINVAL, "backend null gives out no memory of its own: nothing to check");
	b.blocks = malloc(ALL_PAGES * sizeof(*b.blocks));
	if (!b.blocks)
		return mmr_err(err, -ENOMEM, "no memory");
	for (int i = 0; i < BACKEND_CHECKS; i++) {
		ret[i] = (struct backend_check){.name = all[i].name};
		b.note = ret[i].note;
		b.hash = 0;
		b.random = 1;
		ret[i].ok = make(&b) ? fail(&b, "%s", b.err.msg) : all[i].holds(&b);
		unmake(&b);
	}
	free(b.blocks);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The baseline: jemalloc's page level. An arena gets its extents from address space as large as the
 * machine's memory, through hooks of ours; the page frame of an allocation is its offset in there. What
 * that memory would hold is never touched, what jemalloc keeps about it is real.
 *
 * Zones, nodes and types mean nothing to it: only size and alignment are passed on, without its
 * thread cache, so that every request reaches the arena.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "replay/backend/backend.h"
#include "replay/backend/backend_guard.h"

/* As <jemalloc/jemalloc.h> 5 declares them; weak: sanitizers bring their own malloc, and it is not linked. */
typedef struct extent_hooks_s extent_hooks_t;
struct extent_hooks_s {
	void *(*alloc)(extent_hooks_t *, void *, size_t, size_t, bool *, bool *, unsigned int);
	bool (*dalloc)(extent_hooks_t *, void *, size_t, bool, unsigned int);
	void (*destroy)(extent_hooks_t *, void *, size_t, bool, unsigned int);
	bool (*commit)(extent_hooks_t *, void *, size_t, size_t, size_t, unsigned int);
	bool (*decommit)(extent_hooks_t *, void *, size_t, size_t, size_t, unsigned int);
	bool (*purge_lazy)(extent_hooks_t *, void *, size_t, size_t, size_t, unsigned int);
	bool (*purge_forced)(extent_hooks_t *, void *, size_t, size_t, size_t, unsigned int);
	bool (*split)(extent_hooks_t *, void *, size_t, size_t, size_t, bool, unsigned int);
	bool (*merge)(extent_hooks_t *, void *, size_t, void *, size_t, bool, unsigned int);
};
int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) __attribute__((weak));
void *mallocx(size_t size, int flags) __attribute__((weak));
void sdallocx(void *ptr, size_t size, int flags) __attribute__((weak));

#define FLAG_ARENA(arena) ((int)((arena) + 1) << 20)
#define FLAG_TCACHE_NONE  (1 << 8)

/*
 * struct pieces - blocks that are freed in pieces: jemalloc frees an allocation only whole, so it waits for
 * the last piece. Arrays over page frames, in address space that only such blocks touch.
 */
struct pieces {
	uint32_t *head; /* first frame of the block a piece belongs to, plus 1 */
	uint32_t *left; /* at the head: pages not freed yet << 8 | order of the whole */
	size_t bytes;
};

/* struct pool - one arena and its address space; each range of the machine lies at its offset in there */
struct pool {
	extent_hooks_t hooks; /* first: jemalloc hands a pointer to it back */
	char *memory;
	size_t bytes, used;
	struct mmr_mem_range *ranges; /* ascending */
	size_t *offsets;
	unsigned int nr_ranges, last;
	unsigned int arena;
	struct pieces pieces;
};

/* ---- extents ----------------------------------------------------------------------------------- */

/* Bump allocation. An extent lies within one range: the next one's page frames are elsewhere. */
static void *pool_extent(extent_hooks_t *hooks, void *at, size_t size, size_t alignment, bool *zero,
			 bool *commit, unsigned int arena)
{
	struct pool *pool = (struct pool *)hooks;

	for (unsigned int i = 0; i < pool->nr_ranges && !at; i++) {
		size_t end = pool->offsets[i] + ((size_t)pool->ranges[i].nr_pages << PAGE_SHIFT);
		size_t from = pool->used > pool->offsets[i] ? pool->used : pool->offsets[i];
		uintptr_t address = (uintptr_t)pool->memory + from;

		from += -address & (alignment - 1);
		if (from + size > end)
			continue;
		pool->used = from + size;
		*zero = true;
		*commit = true;
		return pool->memory + from;
	}
	return NULL;
}

static bool pool_keep(extent_hooks_t *hooks, void *at, size_t size, bool committed, unsigned int arena)
{
	return true; /* kept: address space that was given out once stays the arena's */
}

static bool pool_split(extent_hooks_t *hooks, void *at, size_t size, size_t a, size_t b, bool committed,
		       unsigned int arena)
{
	return false;
}

static bool pool_merge(extent_hooks_t *hooks, void *a, size_t size_a, void *b, size_t size_b, bool committed,
		       unsigned int arena)
{
	return false;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void *reserve(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void jemalloc_destroy(void *ctx)
{
	struct pool *pool = ctx;
	char name[64];

	if (pool->arena) {
		snprintf(name, sizeof(name), "arena.%u.destroy", pool->arena);
		mallctl(name, NULL, NULL, NULL, 0);
	}
	if (pool->memory)
		munmap(pool->memory, pool->bytes);
	if (pool->pieces.head)
		munmap(pool->pieces.head, pool->pieces.bytes);
	if (pool->pieces.left)
		munmap(pool->pieces.left, pool->pieces.bytes);
	free(pool->ranges);
	free(pool->offsets);
	free(pool);
}

/* Each range where addresses and page frames agree in 4 MiB: alignment carries over from one to the other. */
static int lay_out(struct pool *pool, struct mmr_error *err)
{
	const size_t align = (size_t)MAX_ORDER_NR_PAGES << PAGE_SHIFT;
	const struct mmr_mem_range *last = &pool->ranges[pool->nr_ranges - 1];
	size_t at = align, skew;

	pool->offsets = calloc(pool->nr_ranges, sizeof(*pool->offsets));
	for (unsigned int i = 0; i < pool->nr_ranges && pool->offsets; i++) {
		pool->offsets[i] = ((at + align - 1) & ~(align - 1)) +
				   (((size_t)pool->ranges[i].start_pfn << PAGE_SHIFT) & (align - 1));
		at = pool->offsets[i] + ((size_t)pool->ranges[i].nr_pages << PAGE_SHIFT);
	}
	pool->bytes = at + align;
	pool->memory = reserve(pool->bytes);
	pool->pieces.bytes = ((size_t)last->start_pfn + last->nr_pages) * sizeof(uint32_t);
	pool->pieces.head = reserve(pool->pieces.bytes);
	pool->pieces.left = reserve(pool->pieces.bytes);
	if (!pool->offsets || !pool->memory || !pool->pieces.head || !pool->pieces.left)
		return mmr_err(err, -ENOMEM, "cannot reserve %zu bytes of address space: %s", pool->bytes,
			       strerror(errno));
	skew = (uintptr_t)pool->memory & (align - 1);
	for (unsigned int i = 0; i < pool->nr_ranges; i++)
		pool->offsets[i] -= skew;
	return 0;
}

static int make_arena(struct pool *pool, struct mmr_error *err)
{
	static const char *const decays[] = {"dirty", "muzzy"};
	extent_hooks_t *hooks = &pool->hooks;
	size_t size = sizeof(pool->arena);
	ssize_t never = -1;

	pool->hooks = (extent_hooks_t){
		.alloc = pool_extent,
		.dalloc = pool_keep,
		.split = pool_split,
		.merge = pool_merge,
	};
	if (mallctl("arenas.create", &pool->arena, &size, &hooks, sizeof(hooks)))
		return mmr_err(err, -ENOMEM, "jemalloc cannot make an arena");
	/* Purging goes by the clock; without it the same requests give the same pages. */
	for (int i = 0; i < 2; i++) {
		char name[64];

		snprintf(name, sizeof(name), "arena.%u.%s_decay_ms", pool->arena, decays[i]);
		if (mallctl(name, NULL, NULL, &never, sizeof(never)))
			return mmr_err(err, -EINVAL, "jemalloc refuses %s", name);
	}
	return 0;
}

static int jemalloc_create(const struct backend *self, const struct mmr_machine_config *cfg, uint64_t seed,
			   void **ctx, struct mmr_error *err)
{
	struct pool *pool;
	int rc;

	if (!mallctl || !mallocx || !sdallocx)
		return mmr_err(err, -ENOTSUP, "jemalloc is not linked into this build");
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return mmr_err(err, -ENOMEM, "no memory");
	rc = backend_ranges(cfg, &pool->ranges, &pool->nr_ranges, err);
	rc = rc ? rc : lay_out(pool, err);
	rc = rc ? rc : make_arena(pool, err);
	if (rc) {
		jemalloc_destroy(pool);
		return rc;
	}
	*ctx = pool;
	return 0;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static int flags(const struct pool *pool, unsigned int order)
{
	return (int)(PAGE_SHIFT + order) | FLAG_TCACHE_NONE | FLAG_ARENA(pool->arena);
}

static uint32_t offset_pfn(struct pool *pool, size_t offset)
{
	for (unsigned int n = 0; n < pool->nr_ranges; n++) {
		unsigned int i = (pool->last + n) % pool->nr_ranges;
		size_t pages = (offset - pool->offsets[i]) >> PAGE_SHIFT;

		if (offset >= pool->offsets[i] && pages < pool->ranges[i].nr_pages) {
			pool->last = i;
			return pool->ranges[i].start_pfn + (uint32_t)pages;
		}
	}
	return MMR_NO_PFN & ~(MAX_ORDER_NR_PAGES - 1); /* nobody's memory: the check behind this says so */
}

static void *pfn_address(struct pool *pool, uint32_t pfn)
{
	for (unsigned int n = 0; n < pool->nr_ranges; n++) {
		unsigned int i = (pool->last + n) % pool->nr_ranges;
		uint32_t pages = pfn - pool->ranges[i].start_pfn;

		if (pfn >= pool->ranges[i].start_pfn && pages < pool->ranges[i].nr_pages)
			return pool->memory + pool->offsets[i] + ((size_t)pages << PAGE_SHIFT);
	}
	return NULL;
}

static struct mmr_page jemalloc_alloc(void *ctx, const struct mmr_request *request)
{
	struct pool *pool = ctx;
	char *memory = mallocx((size_t)1 << (PAGE_SHIFT + request->order), flags(pool, request->order));

	if (!memory)
		return (struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED};
	return (struct mmr_page){.pfn = offset_pfn(pool, (size_t)(memory - pool->memory)),
				 .path = MMR_PATH_BUDDY};
}

static int jemalloc_free(void *ctx, uint32_t pfn, unsigned int order, unsigned int cpu, uint8_t *path)
{
	struct pool *pool = ctx;
	struct pieces *pieces = &pool->pieces;
	uint32_t head = pieces->head[pfn];
	void *memory;

	*path = MMR_PATH_FREE_BUDDY;
	if (head) {
		pieces->head[pfn] = 0;
		pfn = head - 1;
		pieces->left[pfn] -= 1u << (order + 8);
		if (pieces->left[pfn] >> 8)
			return 0;
		order = pieces->left[pfn] & 0xff;
	}
	memory = pfn_address(pool, pfn);
	if (!memory)
		return -EINVAL;
	sdallocx(memory, (size_t)1 << (PAGE_SHIFT + order), flags(pool, order));
	return 0;
}

static int jemalloc_split(void *ctx, uint32_t pfn, unsigned int order, unsigned int new_order)
{
	struct pieces *pieces = &((struct pool *)ctx)->pieces;
	uint32_t head = pieces->head[pfn] ? pieces->head[pfn] : pfn + 1;

	if (!pieces->head[pfn])
		pieces->left[pfn] = 1u << (order + 8) | order;
	for (uint32_t offset = 0; offset < 1u << order; offset += 1u << new_order)
		pieces->head[pfn + offset] = head;
	return 0;
}

static uint64_t jemalloc_bytes(void *ctx)
{
	const struct pool *pool = ctx;
	uint64_t epoch = 1;
	size_t bytes = 0, size = sizeof(bytes);
	char name[64];

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	snprintf(name, sizeof(name), "stats.arenas.%u.base", pool->arena);
	return mallctl(name, &bytes, &size, NULL, 0) ? 0 : bytes;
}

const struct backend backend_jemalloc = {
	.name = "jemalloc",
	.summary = "jemalloc's page level, the baseline: knows size and alignment only",
	.kind = BACKEND_OPS,
	.create = jemalloc_create,
	.destroy = jemalloc_destroy,
	.alloc = jemalloc_alloc,
	.free = jemalloc_free,
	.split = jemalloc_split,
	.bytes = jemalloc_bytes,
};

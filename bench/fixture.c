// SPDX-License-Identifier: GPL-2.0-or-later
/* The one live fixture: made for a benchmark, kept while it is called again, then replaced. */
#include "bench/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_BYTES ((size_t)2 << 20)

static struct fixture current;
static const struct fixture_ops *current_ops;
static unsigned int nr_broken;

static void complain(const struct mmr_error *err)
{
	fprintf(stderr, "mmreplay-bench: %s: %s\n", current.work->name, err->msg);
}

unsigned int fixture_drop(void)
{
	struct mmr_error err;

	if (!current.work)
		return nr_broken;
	for (size_t i = 0; i < current.nr_live; i++)
		current_ops->free(current.allocator, block_handle(current.live[i]),
				  block_order(current.live[i]));
	if (current.allocator && current_ops->destroy(current.allocator, &err)) {
		complain(&err);
		nr_broken++;
	}
	if (current.live)
		munmap(current.live, current.live_bytes);
	current = (struct fixture){0};
	return nr_broken;
}

/* Blocks until @pages are live. */
static int live_fill(struct fixture *fx, size_t pages)
{
	while (pages > 0) {
		unsigned int order = order_draw(fx);
		size_t size = (size_t)1 << order;
		uint64_t handle = current_ops->alloc(fx->allocator, order);

		if (!handle)
			return -1;
		fx->live[fx->nr_live++] = block_pack(handle, order);
		pages -= size < pages ? size : pages;
	}
	return 0;
}

/* As many random replacements as there are blocks: the free lists lose the order of the fill. */
static int live_turn_over(struct fixture *fx)
{
	for (size_t i = 0; i < fx->nr_live; i++) {
		uint64_t *victim = &fx->live[random_below(fx, fx->nr_live)];
		unsigned int order = block_order(*victim);
		uint64_t handle;

		current_ops->free(fx->allocator, block_handle(*victim), order);
		handle = current_ops->alloc(fx->allocator, order);
		if (!handle) {
			*victim = fx->live[--fx->nr_live];
			return -1;
		}
		*victim = block_pack(handle, order);
	}
	return 0;
}

static int live_create(struct fixture *fx, size_t pages, struct mmr_error *err)
{
	if (!pages)
		return 0;
	fx->live_bytes = (pages * sizeof(*fx->live) + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	fx->live = mmap(NULL, fx->live_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fx->live == MAP_FAILED) {
		fx->live = NULL;
		return mmr_err(err, -errno, "no memory for a list of %zu blocks: %s", pages, strerror(errno));
	}
	madvise(fx->live, fx->live_bytes, MADV_HUGEPAGE); /* a wish; without it the figures are just slower */
	if (live_fill(fx, pages) || live_turn_over(fx))
		return mmr_err(err, -ENOMEM, "cannot fill a live set of %zu pages, got %zu blocks", pages,
			       fx->nr_live);
	return 0;
}

struct fixture *fixture_get(const struct work *work, const struct fixture_ops *ops)
{
	struct mmr_error err;

	if (current.work == work && current_ops == ops)
		return &current;
	fixture_drop();
	current_ops = ops;
	current.work = work;
	current.seed = 0x9e3779b97f4a7c15ull;
	current.allocator = ops->create(&err);
	if (!current.allocator) {
		complain(&err);
		current.work = NULL;
		return NULL;
	}
	if (live_create(&current, work->live_pages, &err)) {
		complain(&err);
		fixture_drop();
		return NULL;
	}
	return &current;
}

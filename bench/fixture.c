// SPDX-License-Identifier: GPL-2.0-or-later
/* The one live fixture: made for a benchmark, kept while it is called again, then replaced. */
#include "bench/fixture.h"

#include <stdio.h>
#include <stdlib.h>

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
		current_ops->free(current.allocator, current.live[i], current.order[i]);
	if (current.allocator && current_ops->destroy(current.allocator, &err)) {
		complain(&err);
		nr_broken++;
	}
	free(current.live);
	free(current.order);
	current = (struct fixture){0};
	return nr_broken;
}

/* Blocks until @pages are live; 0 where the allocator has no more. */
static int live_fill(struct fixture *fx, size_t pages)
{
	while (pages > 0) {
		uint8_t order = order_draw(fx);
		size_t size = (size_t)1 << order;
		uint64_t handle = current_ops->alloc(fx->allocator, order);

		if (!handle)
			return -1;
		fx->live[fx->nr_live] = handle;
		fx->order[fx->nr_live++] = order;
		pages -= size < pages ? size : pages;
	}
	return 0;
}

/* As many random replacements as there are blocks: the free lists lose the order of the fill. */
static int live_turn_over(struct fixture *fx)
{
	for (size_t i = 0; i < fx->nr_live; i++) {
		size_t victim = random_below(fx, fx->nr_live);

		current_ops->free(fx->allocator, fx->live[victim], fx->order[victim]);
		fx->live[victim] = current_ops->alloc(fx->allocator, fx->order[victim]);
		if (!fx->live[victim]) {
			fx->live[victim] = fx->live[--fx->nr_live];
			fx->order[victim] = fx->order[fx->nr_live];
			return -1;
		}
	}
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
	if (work->live_pages) {
		current.live = calloc(work->live_pages, sizeof(*current.live));
		current.order = calloc(work->live_pages, sizeof(*current.order));
		if (!current.live || !current.order || live_fill(&current, work->live_pages) ||
		    live_turn_over(&current)) {
			mmr_err(&err, -1, "cannot fill a live set of %zu pages", work->live_pages);
			complain(&err);
			fixture_drop();
			return NULL;
		}
	}
	return &current;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A state that was saved and loaded goes on as if nothing had happened; a bad one is refused. */
#include <errno.h>
#include <stdlib.h>

#include "core/state.h"
#include "core/tests/machines.h"

struct bytes {
	uint8_t *data;
	size_t nr, at;
};

static int put_bytes(void *ctx, const uint8_t *bytes, size_t nr)
{
	struct bytes *b = ctx;

	b->data = realloc(b->data, b->nr + nr);
	assert_non_null(b->data);
	memcpy(b->data + b->nr, bytes, nr);
	b->nr += nr;
	return 0;
}

static ssize_t get_bytes(void *ctx, uint8_t *bytes, size_t nr)
{
	struct bytes *b = ctx;

	nr = nr < b->nr - b->at ? nr : b->nr - b->at;
	memcpy(bytes, b->data + b->at, nr);
	b->at += nr;
	return (ssize_t)nr;
}

static struct bytes saved(const struct mmr_machine *m)
{
	struct bytes b = {0};

	assert_int_equal(mmr_state_save(m, put_bytes, &b), 0);
	return b;
}

static void load(struct mmr_machine *m, struct bytes *b)
{
	struct mmr_error err;

	b->at = 0;
	if (mmr_state_load(m, get_bytes, b, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(b->at, b->nr);
	assert_sound(m);
}

/* ---- a history -------------------------------------------------------------------------------- */

#define MAX_LIVE 4000

/* Random requests of a machine of two nodes; what two histories of one seed do differs in nothing. */
struct history {
	uint64_t random;
	struct mmr_block live[MAX_LIVE];
	unsigned int nr_live;
	uint64_t sum; /* of everything that was answered */
};

static uint32_t next(struct history *h)
{
	h->random = h->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(h->random >> 33);
}

/* Reclaim and compaction took or moved some. */
static void settle(struct history *h, struct mmr_machine *m)
{
	struct mmr_displaced d;

	while (mmr_displaced_blocks(m, &d, 1) == 1) {
		for (unsigned int i = 0; i < h->nr_live; i++) {
			if (h->live[i].pfn != d.from)
				continue;
			if (d.to == MMR_NO_PFN)
				h->live[i] = h->live[--h->nr_live];
			else
				h->live[i].pfn = d.to;
			break;
		}
		h->sum = h->sum * 31 + d.from + d.to;
	}
}

static void go_on(struct history *h, struct mmr_machine *m, unsigned int steps)
{
	static const gfp_t gfps[] = {MMR_GFP_HIGHUSER_MOVABLE, MMR_GFP_KERNEL,
				     MMR_GFP_KERNEL | MMR_GFP_RECLAIMABLE, MMR_GFP_ATOMIC_MASK,
				     MMR_GFP_HIGHUSER_MOVABLE};

	while (steps--) {
		unsigned int cpu = next(h) % 4, order = next(h) % 16, what = next(h) % 8;

		order = order < 9 ? 0 : order - 8 < 5 ? order - 8 : 9;
		if (what == 7 && next(h) % 16 == 0)
			mmr_vmstat_update(m, cpu);
		if (h->nr_live < MAX_LIVE && (what < 4 || !h->nr_live)) {
			struct mmr_page page = alloc_on(m, cpu, gfps[next(h) % 5], order);

			settle(h, m);
			h->sum = h->sum * 31 + page.pfn;
			if (page.pfn != MMR_NO_PFN)
				h->live[h->nr_live++] = (struct mmr_block){page.pfn, (uint8_t)order};
		} else {
			unsigned int i = next(h) % h->nr_live;
			struct mmr_block block = h->live[i];

			h->live[i] = h->live[--h->nr_live];
			assert_int_equal(mmr_free_pages(m, block.pfn, block.order, cpu, NULL), 0);
		}
	}
}

/* Two nodes of 24 MiB, two CPUs each: small enough to run out. */
static struct mmr_machine *machine_of(const char *profile, bool pressure)
{
	static const uint16_t cpu_node[] = {0, 0, 1, 1};
	static struct mmr_node_config nodes[2];
	struct mmr_machine_config cfg = {
		.profile = kernel_profile_find(profile),
		.nr_nodes = 2,
		.nr_cpus = 4,
		.cpu_node = cpu_node,
		.nodes = nodes,
		.sysctl = MMR_SYSCTL_DEFAULT,
		.reclaim = {.enabled = pressure, .reclaimable_percent = 50},
		.compaction = {.enabled = pressure, .movable_percent = 90},
	};
	struct mmr_machine *m;
	struct mmr_error err;

	for (unsigned int n = 0; n < 2; n++)
		nodes[n].zones[ZONE_NORMAL] = (struct mmr_zone_config){.start_pfn = 1024 + n * 6144,
								       .spanned_pages = 6144,
								       .present_pages = 6144,
								       .managed_pages = 6000};
	if (mmr_machine_create(&cfg, &m, &err))
		fail_msg("%s", err.msg);
	mmr_seed_empty(m);
	return m;
}

static void a_loaded_machine_goes_on_alike(void **state)
{
	for (const char *const *line = kernel_profile_list(); *line; line++) {
		for (unsigned int pressure = 0; pressure < 2; pressure++) {
			static struct history h, copy;
			struct mmr_machine *m = machine_of(*line, pressure),
					   *other = machine_of(*line, pressure);
			struct bytes b, again;

			h = (struct history){.random = 5 + pressure};
			for (unsigned int round = 0; round < 8; round++) {
				go_on(&h, m, 3000);
				b = saved(m);
				load(other, &b);
				again = saved(other);
				assert_int_equal(b.nr, again.nr);
				assert_memory_equal(b.data, again.data, b.nr);
				free(again.data);
				copy = h;
				go_on(&copy, other, 3000);
				go_on(&h, m, 3000);
				assert_true(copy.sum == h.sum);
				again = saved(other);
				free(b.data);
				b = saved(m);
				assert_int_equal(b.nr, again.nr);
				assert_memory_equal(b.data, again.data, b.nr);
				free(b.data);
				free(again.data);
			}
			assert_sound(m);
			mmr_machine_destroy(m);
			mmr_machine_destroy(other);
		}
	}
}

static void another_line_keeps_its_own_rules(void **state)
{
	static struct history h;
	const char *const *lines = kernel_profile_list();

	for (unsigned int from = 0; lines[from]; from++) {
		struct mmr_machine *m = machine_of(lines[from], false);
		struct bytes b;

		h = (struct history){.random = from};
		go_on(&h, m, 20000);
		b = saved(m);
		for (unsigned int to = 0; lines[to]; to++) {
			struct mmr_machine *other = machine_of(lines[to], false);
			static struct history there;

			load(other, &b);
			there = h;
			go_on(&there, other, 5000);
			assert_sound(other);
			mmr_machine_destroy(other);
		}
		free(b.data);
		mmr_machine_destroy(m);
	}
}

static void deferred_frees_and_isolated_blocks_are_kept(void **state)
{
	struct mmr_machine *m = machine_of("6.18", false), *other = machine_of("6.18", false);
	struct mmr_page a = alloc_on(m, 0, MMR_GFP_KERNEL, 0), b = alloc_on(m, 0, MMR_GFP_KERNEL, 5);
	struct mmr_error err;
	struct bytes bytes, again;

	assert_int_equal(mmr_free_pages_nolock(m, b.pfn, 5, 0, true), 0);
	assert_int_equal(mmr_pageblock_isolate(m, 4096, 0, &err), 0);
	bytes = saved(m);
	load(other, &bytes);
	assert_int_equal(zone_of(other, 0, ZONE_NORMAL)->trylock_free_pages, b.pfn);
	assert_int_equal(get_pageblock_migratetype(other, 4096), MIGRATE_ISOLATE);
	assert_int_equal(mmr_page_state(other, a.pfn), MMR_PAGE_ALLOCATED);
	again = saved(other);
	assert_memory_equal(bytes.data, again.data, bytes.nr);
	free(bytes.data);
	free(again.data);
	mmr_machine_destroy(m);
	mmr_machine_destroy(other);
}

static void counters_begin_at_zero(void **state)
{
	struct mmr_machine *m = machine_of("6.12", false);
	struct mmr_counters c;
	static struct history h;

	h = (struct history){.random = 1};
	go_on(&h, m, 5000);
	mmr_counters_clear(m);
	mmr_counters_read(m, &c);
	for (size_t i = 0; i < sizeof(c) / sizeof(uint64_t); i++)
		assert_true(((const uint64_t *)&c)[i] == 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* ---- what is refused --------------------------------------------------------------------------- */

static void the_state_of_another_machine_is_refused(void **state)
{
	struct mmr_machine *m = machine_of("6.12", false);
	struct mmr_machine *more = machine_new((struct machine_spec){.nr_nodes = 3, .node_pages = 4096}),
			   *less = machine_new((struct machine_spec){.nr_nodes = 2,
								     .cpus_per_node = 2,
								     .zone_type = ZONE_NORMAL,
								     .node_pages = 6144});
	struct mmr_error err;
	struct bytes b = saved(m);

	assert_int_equal(mmr_state_load(more, get_bytes, &b, &err), -EINVAL);
	assert_string_equal(err.msg, "saved state of another machine: nodes 2, expected 3");
	b.at = 0;
	assert_int_equal(mmr_state_load(less, get_bytes, &b, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "saved state of another machine: node 0 zone Normal: first pfn 1024, expected 0");
	b.at = 0;
	b.data[0]++;
	assert_int_equal(mmr_state_load(m, get_bytes, &b, &err), -EINVAL);
	assert_string_equal(err.msg, "saved state: version 2, this build reads 1");
	free(b.data);
	mmr_machine_destroy(less);
	mmr_machine_destroy(more);
	mmr_machine_destroy(m);
}

static void cut_and_changed_bytes_do_no_harm(void **state)
{
	struct mmr_machine *m = machine_of("6.12", false), *other = machine_of("6.12", false);
	struct mmr_error err;
	static struct history h;
	struct bytes b;

	h = (struct history){.random = 3};
	go_on(&h, m, 5000);
	b = saved(m);
	for (size_t len = 0; len < b.nr; len += len < 400 ? 1 : 97) {
		struct bytes cut = {b.data, len, 0};

		assert_int_equal(mmr_state_load(other, get_bytes, &cut, &err), -EBADMSG);
	}
	for (unsigned int i = 0; i < 600; i++) {
		size_t at = next(&h) % b.nr;
		uint8_t was = b.data[at];

		b.data[at] ^= (uint8_t)(1u << next(&h) % 8);
		b.at = 0;
		/* Refused, or another state that makes sense: then it can be used. */
		if (mmr_state_load(other, get_bytes, &b, &err) == 0)
			alloc_on(other, 0, MMR_GFP_KERNEL, 0);
		b.data[at] = was;
	}
	load(other, &b);
	free(b.data);
	mmr_machine_destroy(m);
	mmr_machine_destroy(other);
}

/* A CPU that was offline when the state was saved is online where it is loaded, until it is taken offline. */
static void a_cpu_that_was_offline_may_be_again(void **state)
{
	struct mmr_machine *m = machine_of("6.12", false), *other = machine_of("6.12", false);
	struct history h = {.random = 5};
	struct mmr_error err;
	struct bytes b;

	mmr_seed_empty(m);
	go_on(&h, m, 2000);
	assert_int_equal(mmr_cpu_set_online(m, 3, false, &err), 0);
	b = saved(m);
	load(other, &b);
	assert_true(mmr_cpu_online(other, 3));
	for (unsigned int i = 0; i < other->nr_zones; i++)
		assert_int_equal(other->zones[i]->per_cpu_pageset[3].count, 0);
	assert_int_equal(mmr_cpu_set_online(other, 3, false, &err), 0);
	assert_sound(other);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct per_cpu_pages *was = &m->zones[i]->per_cpu_pageset[0];
		const struct per_cpu_pages *is = &other->zones[i]->per_cpu_pageset[0];

		assert_int_equal(is->count, was->count);
		assert_int_equal(is->high_min, was->high_min);
		assert_int_equal(is->high_max, was->high_max);
	}
	free(b.data);
	mmr_machine_destroy(m);
	mmr_machine_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loaded_machine_goes_on_alike),
		cmocka_unit_test(another_line_keeps_its_own_rules),
		cmocka_unit_test(deferred_frees_and_isolated_blocks_are_kept),
		cmocka_unit_test(a_cpu_that_was_offline_may_be_again),
		cmocka_unit_test(counters_begin_at_zero),
		cmocka_unit_test(the_state_of_another_machine_is_refused),
		cmocka_unit_test(cut_and_changed_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is written is what is read: events in merged order, machine, tasks, keyframes, losses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mm_types.h"
#include "traces/tests/synth.h"

static char path[64];

static int make_path(void **state)
{
	synth_path(path, sizeof(path), "round-trip");
	return 0;
}

static int remove_path(void **state)
{
	unlink(path);
	return 0;
}

#define assert_ok(call, err)                                                                                   \
	do {                                                                                                   \
		if ((call) < 0)                                                                                \
			fail_msg("%s", (err).msg);                                                             \
	} while (0)

/* ---- events -------------------------------------------------------------------------------- */

/* An event with all of its class, its merge key, and its number in its CPU's stream. */
struct expected {
	struct trace_event event;
	struct trace_args args;
	struct trace_class cls;
	uint64_t key;
	uint32_t number;
};

static int by_key(const void *a, const void *b)
{
	const struct expected *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->event.cpu != y->event.cpu)
		return x->event.cpu < y->event.cpu ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

struct shape {
	uint32_t nr_cpus, nr_events, nr_classes, nr_tasks, block_events;
	uint64_t step_ns;
	uint32_t far_one_in, back_one_in;
};

static struct trace_class class_number(uint32_t i)
{
	struct trace_class cls = {
		.type = (uint8_t)(i % NR_TRACE_EVENT_TYPES),
		.order = (uint8_t)(i % 11),
		.migratetype = (uint8_t)(i % 6),
		.flags = (uint8_t)(i % 64),
		.gfp = i * 2654435761u,
		.gfp_raw = i,
	};

	if (cls.type == TRACE_ALLOC) {
		cls.policy = (uint16_t)i;
	} else if (cls.type < TRACE_NR_PAGE_EVENTS) {
		cls.fallback_order = (uint8_t)(i % 3);
	} else {
		cls.nr_args = (uint8_t)(i % (TRACE_MAX_ARGS + 1));
		cls.zone = (uint8_t)(i % 5);
	}
	return cls;
}

static uint64_t next_time(struct synth_rng *rng, const struct shape *shape, uint64_t now)
{
	if (synth_below(rng, shape->far_one_in) == 0)
		return now + synth_below(rng, 1ull << 40);
	if (synth_below(rng, shape->back_one_in) == 0)
		return now - synth_below(rng, 1500);
	/* The exact borders of the near encoding turn up as well. */
	if (synth_below(rng, 50) == 0)
		return now + 65533 + synth_below(rng, 4);
	return now + synth_below(rng, shape->step_ns);
}

static void fill_event(struct synth_rng *rng, const struct shape *shape, struct expected *e)
{
	uint32_t number = (uint32_t)synth_below(rng, shape->nr_classes);

	e->cls = class_number(number);
	e->event.class_id = (uint16_t)number;
	e->event.type = e->cls.type;
	e->event.order = e->cls.order;
	e->event.migratetype = e->cls.migratetype;
	e->event.flags = e->cls.flags;
	e->event.pfn = synth_below(rng, 20) ? (uint32_t)synth_below(rng, 1ull << 32) : TRACE_NO_PFN;
	e->event.task = (uint32_t)synth_below(rng, shape->nr_tasks + 1);
	if (e->event.task == shape->nr_tasks)
		e->event.task = TRACE_NO_TASK;
	e->args.nr = e->cls.nr_args;
	for (uint8_t i = 0; i < e->args.nr; i++)
		e->args.v[i] = (int64_t)(synth_next(rng) >> synth_below(rng, 64));
}

static struct expected *make_events(const struct shape *shape)
{
	struct expected *all = calloc(shape->nr_events, sizeof(*all));
	uint64_t *now = calloc(shape->nr_cpus, sizeof(*now)), *key = calloc(shape->nr_cpus, sizeof(*key));
	struct synth_rng rng = {.state = shape->nr_events};

	for (uint32_t cpu = 0; cpu < shape->nr_cpus; cpu++)
		now[cpu] = 1000000 + synth_below(&rng, 5000);
	for (uint32_t i = 0; i < shape->nr_events; i++) {
		uint32_t cpu = (uint32_t)synth_below(&rng, shape->nr_cpus);

		fill_event(&rng, shape, &all[i]);
		now[cpu] = next_time(&rng, shape, now[cpu]);
		key[cpu] = now[cpu] > key[cpu] ? now[cpu] : key[cpu];
		all[i].event.ts_ns = now[cpu];
		all[i].event.cpu = (uint16_t)cpu;
		all[i].key = key[cpu];
		all[i].number = i;
	}
	free(now);
	free(key);
	return all;
}

static void write_events(const struct shape *shape, const struct expected *all)
{
	struct trace_machine machine = synth_machine(shape->nr_cpus, 2);
	struct trace_writer_options options = {.block_events = shape->block_events};
	struct trace_writer *w;
	struct mmr_error err;

	assert_ok(trace_writer_create(path, &machine, &options, &w, &err), err);
	for (uint32_t i = 0; i < shape->nr_classes; i++) {
		struct trace_class cls = class_number(i);
		uint16_t id;

		assert_ok(trace_writer_class(w, &cls, &id, &err), err);
		assert_int_equal(id, i);
	}
	for (uint32_t i = 0; i < shape->nr_tasks; i++) {
		struct trace_task task = {.tid = i, .tgid = i / 2, .comm = "task"};
		uint32_t id;

		assert_ok(trace_writer_task(w, &task, &id, &err), err);
		assert_int_equal(id, i);
	}
	for (uint32_t i = 0; i < shape->nr_events; i++)
		assert_ok(all[i].args.nr ? trace_writer_event_args(w, &all[i].event, &all[i].args, &err)
					 : trace_writer_event(w, &all[i].event, &err),
			  err);
	assert_ok(trace_writer_close(w, &err), err);
}

/* Numbers of classes are the reader's own; everything else is as written. */
static void check_event(const struct trace_reader *r, const struct trace_event *got,
			const struct expected *want)
{
	const struct trace_class *cls = trace_reader_class(r, got->class_id);
	const struct trace_args *args = trace_reader_args(r, got);
	struct trace_event same_id = *got;

	same_id.class_id = want->event.class_id;
	assert_memory_equal(&same_id, &want->event, sizeof(same_id));
	assert_non_null(cls);
	assert_int_equal(cls->gfp, want->cls.gfp);
	assert_int_equal(cls->gfp_raw, want->cls.gfp_raw);
	assert_int_equal(cls->fallback_order, want->cls.fallback_order);
	assert_int_equal(cls->type, got->type);
	assert_int_equal(cls->policy, want->cls.policy);
	assert_int_equal(cls->zone, want->cls.zone);
	assert_int_equal(args ? args->nr : 0, want->args.nr);
	if (args)
		assert_memory_equal(args->v, want->args.v, args->nr * sizeof(args->v[0]));
}

static void read_events(struct trace_reader *r, const struct shape *shape, const struct expected *all)
{
	const struct trace_event *events;
	struct mmr_error err;
	uint32_t done = 0;
	ssize_t n;

	while ((n = trace_reader_next(r, &events, &err)) > 0) {
		assert_true(done + n <= shape->nr_events);
		for (ssize_t i = 0; i < n; i++)
			check_event(r, &events[i], &all[done++]);
	}
	assert_ok(n, err);
	assert_int_equal(done, shape->nr_events);
}

/* Of all events, those of a kind that is wanted, in order; and at the end all page events have been seen. */
static void read_wanted(struct trace_reader *r, const struct shape *shape, const struct expected *all,
			uint64_t wanted, const uint64_t by_type[NR_TRACE_EVENT_TYPES])
{
	static const struct trace_event nothing[TRACE_READER_AHEAD];
	uint64_t seen[TRACE_NR_PAGE_EVENTS];
	const struct trace_event *events;
	struct mmr_error err;
	uint32_t at = 0;
	ssize_t n;

	trace_reader_want(r, wanted);
	while ((n = trace_reader_next(r, &events, &err)) > 0) {
		for (ssize_t i = 0; i < n; i++, at++) {
			while (at < shape->nr_events && !(wanted >> all[at].event.type & 1))
				at++;
			assert_true(at < shape->nr_events);
			check_event(r, &events[i], &all[at]);
			assert_true(events[i].pfn <= trace_reader_top_pfn(r));
		}
		assert_memory_equal(&events[n], nothing, sizeof(nothing));
		trace_reader_seen(r, seen);
		for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
			assert_true(seen[type] <= by_type[type]);
	}
	assert_ok(n, err);
	while (at < shape->nr_events)
		assert_false(wanted >> all[at++].event.type & 1);
	trace_reader_seen(r, seen);
	assert_memory_equal(seen, by_type, sizeof(seen));
}

/* What readers get that want the page events, requests, a kind that has arguments, or nothing there is. */
static void read_some(struct trace_reader *r, const struct shape *shape, const struct expected *all,
		      const uint64_t by_type[NR_TRACE_EVENT_TYPES])
{
	const uint64_t wants[] = {TRACE_WANT_PAGES,
				  1ull << TRACE_ALLOC | 1ull << TRACE_FREE,
				  1ull << TRACE_FREE,
				  1ull << TRACE_COMPACT_END,
				  1ull << TRACE_EXTFRAG | 1ull << TRACE_COMPACT_END,
				  0};

	for (size_t k = 0; k < sizeof(wants) / sizeof(wants[0]); k++)
		read_wanted(r, shape, all, wants[k], by_type);
}

static void round_trip(const struct shape *shape)
{
	struct expected *all = make_events(shape);
	uint64_t by_type[NR_TRACE_EVENT_TYPES] = {0};
	const struct trace_summary *s;
	struct trace_reader *r;
	struct mmr_error err;

	write_events(shape, all);
	for (uint32_t i = 0; i < shape->nr_events; i++)
		by_type[all[i].event.type]++;
	qsort(all, shape->nr_events, sizeof(*all), by_key);
	assert_ok(trace_reader_open(path, &r, &err), err);
	s = trace_reader_summary(r);
	assert_true(s->complete && !s->recovered && !s->truncated_bytes && !s->nr_damaged);
	assert_int_equal(s->nr_events, shape->nr_events);
	assert_memory_equal(s->events, by_type, sizeof(by_type));
	assert_int_equal(s->nr_tasks, shape->nr_tasks);
	/* Before anything has arguments. */
	read_wanted(r, shape, all, TRACE_WANT_PAGES, by_type);
	trace_reader_want(r, TRACE_WANT_ALL);
	read_events(r, shape, all);
	trace_reader_rewind(r);
	read_events(r, shape, all);
	read_some(r, shape, all, by_type);
	trace_reader_close(r);
	free(all);
}

static void one_cpu_in_one_block(void **state)
{
	round_trip(&(struct shape){1, 500, 20, 5, 0, 2000, 1000, 1000});
}

static void two_cpus_with_times_that_step_back(void **state)
{
	round_trip(&(struct shape){2, 200000, 30, 50, 4096, 2000, 500, 7});
}

/* What nobody wants is then left out; its time is not. */
static void clocks_that_never_step_back(void **state)
{
	round_trip(&(struct shape){2, 100000, 6, 50, 4096, 2000, 500, UINT32_MAX});
	round_trip(&(struct shape){2, 100000, 30, 3, 4096, 40000, 5, UINT32_MAX});
	round_trip(&(struct shape){3, 50000, 300, 50, 1000, 2000, 500, UINT32_MAX});
	round_trip(&(struct shape){3, 20000, 60, 50, 16, 2000, 500, UINT32_MAX});
	round_trip(&(struct shape){3, 20000, 60, 50, 16, 2000, 500, 50});
}

static void blocks_of_one_event(void **state)
{
	round_trip(&(struct shape){3, 300, 20, 5, 1, 2000, 10, 10});
}

static void dictionaries_of_129_and_256_and_257_and_5000_classes(void **state)
{
	round_trip(&(struct shape){1, 20000, 129, 5, 65536, 100, 1000, 1000});
	round_trip(&(struct shape){1, 20000, 256, 5, 65536, 100, 1000, 1000});
	round_trip(&(struct shape){1, 20000, 257, 5, 65536, 100, 1000, 1000});
	round_trip(&(struct shape){2, 100000, 5000, 5, 30000, 100, 1000, 1000});
}

static void cpus_in_step_with_equal_times(void **state)
{
	round_trip(&(struct shape){7, 50000, 20, 5, 1000, 2, 100000, 100000});
}

static void five_hundred_and_twelve_cpus(void **state)
{
	round_trip(&(struct shape){512, 300000, 20, 1000, 256, 100000, 500, 50});
}

/* ---- machine, tasks, keyframes, losses ------------------------------------------------------ */

static void check_pairs(const struct trace_name_value *got, uint32_t nr, const struct trace_name_value *want,
			uint32_t nr_want)
{
	assert_int_equal(nr, nr_want);
	for (uint32_t i = 0; i < nr; i++) {
		assert_string_equal(got[i].name, want[i].name);
		assert_true(got[i].value == want[i].value);
	}
}

static void check_zone(const struct trace_zone *got, const struct trace_zone *want)
{
	assert_true(got->nid == want->nid && got->zone == want->zone && got->start_pfn == want->start_pfn);
	assert_true(got->spanned_pages == want->spanned_pages && got->present_pages == want->present_pages);
	assert_true(got->managed_pages == want->managed_pages && got->watermark_boost == want->watermark_boost);
	assert_memory_equal(got->watermark, want->watermark, sizeof(want->watermark));
	assert_memory_equal(got->lowmem_reserve, want->lowmem_reserve, sizeof(want->lowmem_reserve));
	assert_true(got->nr_free_pages == want->nr_free_pages && got->pcp_batch == want->pcp_batch);
	assert_true(got->pcp_high_min == want->pcp_high_min && got->pcp_high_max == want->pcp_high_max);
	assert_true(got->stat_threshold == want->stat_threshold);
}

static void check_machine(const struct trace_machine *got, const struct trace_machine *want)
{
	assert_string_equal(got->kernel_release, want->kernel_release);
	assert_string_equal(got->kernel_version, want->kernel_version);
	assert_string_equal(got->arch, want->arch);
	assert_string_equal(got->command, want->command);
	assert_int_equal(got->page_size, want->page_size);
	assert_int_equal(got->pageblock_order, want->pageblock_order);
	assert_int_equal(got->max_order, want->max_order);
	assert_int_equal(got->nr_cpus, want->nr_cpus);
	assert_int_equal(got->nr_nodes, want->nr_nodes);
	assert_memory_equal(got->cpu_node, want->cpu_node, 2 * want->nr_cpus);
	assert_memory_equal(got->node_distance, want->node_distance, (size_t)want->nr_nodes * want->nr_nodes);
	assert_int_equal(got->nr_zones, want->nr_zones);
	for (uint32_t i = 0; i < want->nr_zones; i++)
		check_zone(&got->zones[i], &want->zones[i]);
	assert_int_equal(got->nr_ranges, want->nr_ranges);
	assert_memory_equal(got->ranges, want->ranges, want->nr_ranges * sizeof(*want->ranges));
	check_pairs(got->sysctls, got->nr_sysctls, want->sysctls, want->nr_sysctls);
	check_pairs(got->gfp_names, got->nr_gfp_names, want->gfp_names, want->nr_gfp_names);
	check_pairs(got->migratetype_names, got->nr_migratetype_names, want->migratetype_names,
		    want->nr_migratetype_names);
	check_pairs(got->zone_names, got->nr_zone_names, want->zone_names, want->nr_zone_names);
	check_pairs(got->features, got->nr_features, want->features, want->nr_features);
	assert_int_equal(got->llc_bytes_per_cpu, want->llc_bytes_per_cpu);
	assert_true(got->realtime_ns == want->realtime_ns && got->monotonic_ns == want->monotonic_ns);
}

static struct trace_writer *create(const struct trace_machine *machine)
{
	struct trace_writer *w;
	struct mmr_error err;

	assert_ok(trace_writer_create(path, machine, NULL, &w, &err), err);
	return w;
}

static struct trace_reader *finish_and_open(struct trace_writer *w)
{
	struct trace_reader *r;
	struct mmr_error err;

	assert_ok(trace_writer_close(w, &err), err);
	assert_ok(trace_reader_open(path, &r, &err), err);
	return r;
}

static void the_machine_keeps_every_field(void **state)
{
	struct trace_machine machine = synth_machine(12, 3);
	struct trace_reader *r = finish_and_open(create(&machine));

	check_machine(trace_reader_machine(r), &machine);
	assert_int_equal(trace_reader_summary(r)->nr_events, 0);
	trace_reader_close(r);
}

static void a_machine_that_knows_nothing_is_readable(void **state)
{
	struct trace_machine machine = {.nr_cpus = 2, .nr_nodes = 2};
	struct trace_reader *r = finish_and_open(create(&machine));
	const struct trace_machine *got = trace_reader_machine(r);

	assert_string_equal(got->kernel_release, "");
	assert_int_equal(got->cpu_node[1], 0);
	assert_int_equal(got->node_distance[0], 10);
	assert_int_equal(got->node_distance[1], 20);
	assert_int_equal(got->node_distance[3], 10);
	trace_reader_close(r);
}

static void tasks_are_told_apart_by_tid_and_name(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = create(&machine);
	struct trace_task a = {7, 6, "cc1"}, renamed = {7, 6, "as"}, full = {8, 6, "fifteen_letters"};
	const struct trace_task *tasks;
	struct trace_reader *r;
	struct mmr_error err;
	uint32_t id, nr;

	assert_ok(trace_writer_task(w, &a, &id, &err), err);
	assert_ok(trace_writer_flush(w, &err), err);
	assert_ok(trace_writer_task(w, &renamed, &id, &err), err);
	assert_int_equal(id, 1);
	assert_ok(trace_writer_task(w, &full, &id, &err), err);
	memset(a.comm + 4, 'x', 5); /* behind the name's end */
	assert_ok(trace_writer_task(w, &a, &id, &err), err);
	assert_int_equal(id, 0);
	r = finish_and_open(w);
	tasks = trace_reader_tasks(r, &nr);
	assert_int_equal(nr, 3);
	assert_string_equal(tasks[0].comm, "cc1");
	assert_string_equal(tasks[1].comm, "as");
	assert_string_equal(tasks[2].comm, "fifteen_letters");
	assert_int_equal(tasks[2].tid, 8);
	trace_reader_close(r);
}

static void policies_are_numbered_once(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = create(&machine);
	struct trace_policy bind = {.mode = 2, .flags = 0x8000, .nodes = {5}, .allowed = {7}};
	struct trace_policy high = {.mode = 3, .nodes = {[15] = 1ull << 63}, .allowed = {[3] = 2, [15] = 1}};
	struct trace_policy plain = {0};
	const struct trace_policy *policies;
	struct trace_reader *r;
	struct mmr_error err;
	uint16_t id;
	uint32_t nr;

	memset(plain.allowed, 0xff, sizeof(plain.allowed));
	assert_ok(trace_writer_policy(w, &bind, &id, &err), err);
	assert_int_equal(id, 1);
	assert_ok(trace_writer_flush(w, &err), err);
	assert_ok(trace_writer_policy(w, &high, &id, &err), err);
	assert_int_equal(id, 2);
	assert_ok(trace_writer_policy(w, &bind, &id, &err), err);
	assert_int_equal(id, 1);
	assert_ok(trace_writer_policy(w, &plain, &id, &err), err);
	assert_int_equal(id, 0);
	r = finish_and_open(w);
	policies = trace_reader_policies(r, &nr);
	assert_int_equal(nr, 3);
	assert_memory_equal(&policies[0], &plain, sizeof(plain));
	assert_memory_equal(&policies[1], &bind, sizeof(bind));
	assert_memory_equal(&policies[2], &high, sizeof(high));
	trace_reader_close(r);
}

static void labels_are_numbered_once(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = create(&machine);
	const struct trace_label *labels;
	static char longest[8192 + 2];
	struct trace_reader *r;
	struct mmr_error err;
	char text[32];
	uint32_t id, nr;

	memset(longest, 'x', sizeof(longest) - 1);
	assert_ok(trace_writer_label(w, TRACE_LABEL_CGROUP, 4711, "/system.slice", &id, &err), err);
	assert_int_equal(id, 0);
	assert_ok(trace_writer_flush(w, &err), err);
	/* Of another kind, of another number, and another text: three more. */
	assert_ok(trace_writer_label(w, TRACE_LABEL_STACK, 4711, "/system.slice", &id, &err), err);
	assert_int_equal(id, 1);
	assert_ok(trace_writer_label(w, TRACE_LABEL_CGROUP, 4712, "/system.slice", &id, &err), err);
	assert_int_equal(id, 2);
	assert_ok(trace_writer_label(w, TRACE_LABEL_CGROUP, 4711, "", &id, &err), err);
	assert_int_equal(id, 3);
	assert_ok(trace_writer_label(w, TRACE_LABEL_CGROUP, 4711, "/system.slice", &id, &err), err);
	assert_int_equal(id, 0);
	assert_ok(trace_writer_label(w, TRACE_LABEL_STACK, 0, longest, &id, &err), err);
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "function_%u+0x10", i % 1000);
		assert_ok(trace_writer_label(w, TRACE_LABEL_STACK, 0, text, &id, &err), err);
		assert_int_equal(id, 5 + i % 1000);
	}
	r = finish_and_open(w);
	labels = trace_reader_labels(r, &nr);
	assert_int_equal(nr, 1005);
	assert_int_equal(labels[0].kind, TRACE_LABEL_CGROUP);
	assert_int_equal(labels[0].id, 4711);
	assert_string_equal(labels[0].text, "/system.slice");
	assert_int_equal(labels[1].kind, TRACE_LABEL_STACK);
	assert_int_equal(labels[2].id, 4712);
	assert_string_equal(labels[3].text, "");
	assert_int_equal(strlen(labels[4].text), 8192);
	assert_string_equal(labels[1004].text, "function_999+0x10");
	trace_reader_close(r);
}

static void losses_add_up(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = create(&machine);
	const struct trace_loss *losses;
	struct trace_reader *r;
	struct mmr_error err;
	uint32_t nr;

	for (uint32_t i = 0; i < 3000; i++) {
		struct trace_loss loss = {i % 2 ? UINT32_MAX : i, 10 + i, 20 + i, 1ull << (i % 40)};

		assert_ok(trace_writer_loss(w, &loss, &err), err);
	}
	r = finish_and_open(w);
	losses = trace_reader_losses(r, &nr);
	assert_int_equal(nr, 3000);
	assert_int_equal(losses[2999].cpu, UINT32_MAX);
	assert_int_equal(losses[2998].begin_ns, 3008);
	assert_true(trace_reader_summary(r)->nr_lost == 75 * ((1ull << 40) - 1));
	trace_reader_close(r);
}

static struct trace_free_block *random_blocks(struct synth_rng *rng, uint32_t nr)
{
	struct trace_free_block *blocks = calloc(nr ? nr : 1, sizeof(*blocks));

	for (uint32_t i = 0; i < nr; i++)
		blocks[i] = (struct trace_free_block){(uint32_t)synth_below(rng, 1ull << 32),
						      (uint8_t)(i * 11ull / nr), (uint8_t)synth_below(rng, 3)};
	return blocks;
}

static struct trace_pcp random_pcp(struct synth_rng *rng, uint32_t cpu)
{
	struct trace_pcp pcp = {.cpu = cpu,
				.have_lists = cpu % 2,
				.count = 9,
				.high = 100,
				.high_min = 1,
				.high_max = 200,
				.batch = 63,
				.free_count = 5,
				.flags = 3,
				.alloc_factor = 4,
				.expire = 2};

	for (size_t i = 0; i < TRACE_NR_PCP_LISTS; i++)
		pcp.nr_entries += pcp.list_len[i] = (uint32_t)synth_below(rng, 20);
	pcp.entries = random_blocks(rng, pcp.nr_entries);
	return pcp;
}

static void check_blocks(const struct trace_free_block *got, const struct trace_free_block *want, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		assert_int_equal(got[i].pfn, want[i].pfn);
		assert_int_equal(got[i].order, want[i].order);
		assert_int_equal(got[i].migratetype, want[i].migratetype);
	}
}

static void check_pcp(const struct trace_pcp *got, const struct trace_pcp *want)
{
	assert_true(got->cpu == want->cpu && got->have_lists == want->have_lists && got->count == want->count);
	assert_true(got->high == want->high && got->high_min == want->high_min &&
		    got->high_max == want->high_max);
	assert_true(got->batch == want->batch && got->free_count == want->free_count &&
		    got->flags == want->flags);
	assert_true(got->alloc_factor == want->alloc_factor && got->expire == want->expire);
	assert_memory_equal(got->list_len, want->list_len, sizeof(want->list_len));
	assert_int_equal(got->nr_entries, want->nr_entries);
	check_blocks(got->entries, want->entries, want->nr_entries);
}

static struct trace_keyframe random_keyframe(struct synth_rng *rng, uint32_t nr_blocks, uint32_t nr_cpus)
{
	struct trace_keyframe kf = {
		.ts_ns = 1ull << 50,
		.nid = 3,
		.zone = ZONE_NORMAL,
		.flags = TRACE_KF_LOCKED | TRACE_KF_FIRST,
		.walk_ns = 12345,
		.nr_free_pages = 99,
		.watermark_boost = 1,
		.zone_flags = 4,
		.nr_reserved_highatomic = 512,
		.nr_free_highatomic = 500,
		.nr_blocks = nr_blocks,
		.nr_missing = 2,
		.nr_pageblocks = 1000,
		.nr_pcps = nr_cpus,
		.nr_vm_stat_diff = nr_cpus,
	};

	kf.blocks = random_blocks(rng, nr_blocks);
	kf.pageblock_types = calloc(kf.nr_pageblocks, 1);
	for (uint32_t i = 0; i < kf.nr_pageblocks; i++)
		kf.pageblock_types[i] = (uint8_t)synth_below(rng, 2);
	kf.pcps = calloc(nr_cpus, sizeof(*kf.pcps));
	kf.vm_stat_diff = calloc(nr_cpus, sizeof(*kf.vm_stat_diff));
	for (uint32_t i = 0; i < nr_cpus; i++) {
		kf.pcps[i] = random_pcp(rng, i);
		kf.vm_stat_diff[i] = (int16_t)(synth_below(rng, 65536) - 32768);
	}
	return kf;
}

static void check_keyframe(const struct trace_keyframe *got, const struct trace_keyframe *want)
{
	assert_true(got->ts_ns == want->ts_ns && got->nid == want->nid && got->zone == want->zone);
	assert_true(got->flags == want->flags && got->walk_ns == want->walk_ns);
	assert_true(got->nr_free_pages == want->nr_free_pages && got->watermark_boost == want->watermark_boost);
	assert_true(got->zone_flags == want->zone_flags && got->nr_missing == want->nr_missing);
	assert_true(got->nr_reserved_highatomic == want->nr_reserved_highatomic);
	assert_true(got->nr_free_highatomic == want->nr_free_highatomic);
	assert_true(got->nr_blocks == want->nr_blocks);
	check_blocks(got->blocks, want->blocks, want->nr_blocks);
	assert_int_equal(got->nr_pageblocks, want->nr_pageblocks);
	assert_memory_equal(got->pageblock_types, want->pageblock_types, want->nr_pageblocks);
	assert_int_equal(got->nr_pcps, want->nr_pcps);
	for (uint32_t i = 0; i < want->nr_pcps; i++)
		check_pcp(&got->pcps[i], &want->pcps[i]);
	assert_int_equal(got->nr_vm_stat_diff, want->nr_vm_stat_diff);
	assert_memory_equal(got->vm_stat_diff, want->vm_stat_diff, want->nr_vm_stat_diff * sizeof(int16_t));
}

static void keyframes_keep_lists_in_order(void **state)
{
	struct trace_machine machine = synth_machine(4, 1);
	struct trace_writer *w = create(&machine);
	struct synth_rng rng = {3};
	struct trace_keyframe a = random_keyframe(&rng, 20000, 4), empty = {.nid = 1, .zone = 1}, got;
	struct trace_reader *r;
	struct mmr_error err;

	assert_ok(trace_writer_keyframe(w, &a, &err), err);
	assert_ok(trace_writer_keyframe(w, &empty, &err), err);
	r = finish_and_open(w);
	assert_int_equal(trace_reader_summary(r)->nr_keyframes, 2);
	assert_ok(trace_reader_keyframe(r, 0, &got, &err), err);
	check_keyframe(&got, &a);
	trace_keyframe_deinit(&got);
	assert_ok(trace_reader_keyframe(r, 1, &got, &err), err);
	assert_true(!got.blocks && !got.pcps && !got.pageblock_types && got.nid == 1);
	trace_keyframe_deinit(&got);
	assert_int_equal(trace_reader_keyframe(r, 2, &got, &err), -ERANGE);
	trace_reader_close(r);
	trace_keyframe_deinit(&a);
}

static void bad_requests_to_the_writer_are_refused(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = create(&machine);
	struct trace_event no_class = {.class_id = 3}, far_cpu = {.cpu = 4096}, note = {.ts_ns = 5};
	struct trace_class two_args = {.type = TRACE_KSWAPD_WAKE, .nr_args = 2};
	struct trace_args one = {.nr = 1, .v = {4}};
	struct trace_writer_options options = {.block_events = 1u << 30};
	struct trace_writer *other;
	struct mmr_error err;

	assert_int_equal(trace_writer_event(w, &no_class, &err), -EINVAL);
	assert_int_equal(trace_writer_event(w, &far_cpu, &err), -EINVAL);
	assert_int_equal(trace_writer_create(path, &machine, &options, &other, &err), -EINVAL);
	assert_int_equal(trace_writer_create("/nonexistent/x.mmt", &machine, NULL, &other, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/x.mmt"));
	assert_ok(trace_writer_class(w, &two_args, &note.class_id, &err), err);
	assert_int_equal(trace_writer_event_args(w, &note, &one, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "kswapd_wake"));
	/* Without its arguments: found when the block is put together, and told. */
	assert_ok(trace_writer_event(w, &note, &err), err);
	assert_int_equal(trace_writer_close(w, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cpu_in_one_block),
		cmocka_unit_test(two_cpus_with_times_that_step_back),
		cmocka_unit_test(clocks_that_never_step_back),
		cmocka_unit_test(blocks_of_one_event),
		cmocka_unit_test(dictionaries_of_129_and_256_and_257_and_5000_classes),
		cmocka_unit_test(cpus_in_step_with_equal_times),
		cmocka_unit_test(five_hundred_and_twelve_cpus),
		cmocka_unit_test(the_machine_keeps_every_field),
		cmocka_unit_test(a_machine_that_knows_nothing_is_readable),
		cmocka_unit_test(tasks_are_told_apart_by_tid_and_name),
		cmocka_unit_test(policies_are_numbered_once),
		cmocka_unit_test(labels_are_numbered_once),
		cmocka_unit_test(losses_add_up),
		cmocka_unit_test(keyframes_keep_lists_in_order),
		cmocka_unit_test(bad_requests_to_the_writer_are_refused),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}

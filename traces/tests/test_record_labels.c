// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks get names from a list of symbols, cgroups paths from a tree of folders; each is labelled once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "traces/record/record_cgroups.h"
#include "traces/record/record_labels.h"
#include "traces/record/record_symbols.h"
#include "traces/tests/synth.h"

static char trace[64], list[64];
static uint64_t stacks[4][REC_STACK_FRAMES];
static unsigned int nr_reads;

static int setup(void **state)
{
	synth_path(trace, sizeof(trace), "labels");
	synth_path(list, sizeof(list), "symbols");
	nr_reads = 0;
	return 0;
}

static int teardown(void **state)
{
	unlink(trace);
	unlink(list);
	return 0;
}

static void put_list(const char *text)
{
	FILE *f = fopen(list, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool read_stack(void *ctx, uint32_t id, uint64_t frames[REC_STACK_FRAMES])
{
	nr_reads++;
	if (id >= 4)
		return false;
	memcpy(frames, stacks[id], sizeof(stacks[id]));
	return true;
}

/* The kernel's list is not sorted where modules begin, has data in it, and module names behind. */
static const char symbols[] = "ffffffff81002000 T second_one\n"
			      "ffffffff81001000 t first_one\n"
			      "ffffffff81002800 D some_data\n"
			      "ffffffffc0100000 t of_a_module\t[ext4]\n"
			      "ffffffff81003000 T __traceiter_mm_page_alloc\n"
			      "ffffffff81004000 t bpf_trace_run4\n"
			      "ffffffffc0300000 t bpf_trampoline_6442509371\t[bpf]\n";

static void addresses_get_the_name_of_the_function_they_lie_in(void **state)
{
	struct record_symbols *s = NULL;
	uint64_t offset = 0;

	put_list(symbols);
	assert_int_equal(record_symbols_create(list, &s, NULL), 0);
	assert_string_equal(record_symbols_name(s, 0xffffffff81001000, &offset), "first_one");
	assert_int_equal(offset, 0);
	assert_string_equal(record_symbols_name(s, 0xffffffff81001fff, &offset), "first_one");
	assert_int_equal(offset, 0xfff);
	assert_string_equal(record_symbols_name(s, 0xffffffff81002900, &offset), "second_one");
	assert_string_equal(record_symbols_name(s, 0xffffffffc0100010, &offset), "of_a_module");
	assert_null(record_symbols_name(s, 0xffffffff81000fff, &offset)); /* before all of them */
	assert_null(record_symbols_name(s, 0xffffffffc0200000, &offset)); /* far behind one, before the next */
	record_symbols_destroy(s);
}

static void a_function_is_found_by_what_the_compiler_made_of_its_name(void **state)
{
	char name[64];

	put_list("0000000000000000 t whole\n"
		 "0000000000000000 t whole_other\n"
		 "0000000000000000 t without_an_argument.constprop.0\n"
		 "0000000000000000 t in_pieces\n"
		 "0000000000000000 t in_pieces.constprop.0\n"
		 "0000000000000000 t changed.isra.0\n"
		 "0000000000000000 d data\n");
	assert_true(record_symbols_function(list, "whole", name, sizeof(name)));
	assert_string_equal(name, "whole");
	assert_true(record_symbols_function(list, "without_an_argument", name, sizeof(name)));
	assert_string_equal(name, "without_an_argument.constprop.0");
	assert_false(record_symbols_function(list, "in_pieces", name, sizeof(name)));
	assert_false(record_symbols_function(list, "changed", name, sizeof(name)));
	assert_false(record_symbols_function(list, "data", name, sizeof(name)));
	assert_false(record_symbols_function("/nonexistent", "whole", name, sizeof(name)));
}

/* Without the right to see addresses the list has zeros; without the file there is none. */
static void where_addresses_are_hidden_nothing_has_a_name(void **state)
{
	struct record_symbols *s = NULL;
	uint64_t offset;

	put_list("0000000000000000 T first_one\n0000000000000000 T second_one\n");
	assert_int_equal(record_symbols_create(list, &s, NULL), 0);
	assert_null(record_symbols_name(s, 0xffffffff81001000, &offset));
	record_symbols_destroy(s);
	unlink(list);
	assert_int_equal(record_symbols_create(list, &s, NULL), 0);
	assert_null(record_symbols_name(s, 0xffffffff81001000, &offset));
	record_symbols_destroy(s);
}

static struct trace_writer *make_writer(void)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w = NULL;
	struct mmr_error err;

	if (trace_writer_create(trace, &machine, NULL, &w, &err))
		fail_msg("%s", err.msg);
	return w;
}

static void a_stack_is_read_and_labelled_once(void **state)
{
	const struct record_labels_options options = {.read_stack = read_stack, .symbols = list};
	/* An error of the kernel's, one that nobody has, one past the end. */
	const int64_t bad[] = {-17, 5, REC_NR_STACKS};
	struct trace_writer *w = make_writer();
	struct record_labels *l = NULL;
	const struct trace_label *labels;
	struct trace_reader *r = NULL;
	int64_t stack, cgroup;
	uint32_t nr;

	put_list(symbols);
	stacks[1][0] = 0xffffffff81004010; /* what runs the program is left out */
	stacks[1][1] = 0xffffffff81003010;
	stacks[1][2] = 0xffffffff81002010;
	stacks[1][3] = 0xffffffffc0300010;
	stacks[1][4] = 0xffffffff80000000; /* no name */
	stacks[2][0] = 0xffffffff81001001;
	assert_int_equal(record_labels_create(&options, &l, NULL), 0);
	for (int i = 0; i < 3; i++) {
		stack = 1, cgroup = 77;
		assert_int_equal(record_labels_of(l, w, &stack, &cgroup, NULL), 0);
		assert_int_equal(stack, 0);
		assert_int_equal(cgroup, -1); /* not asked for */
	}
	assert_int_equal(nr_reads, 1);
	stack = 2;
	assert_int_equal(record_labels_of(l, w, &stack, &cgroup, NULL), 0);
	assert_int_equal(stack, 1);
	for (int i = 0; i < 3; i++) {
		stack = bad[i];
		assert_int_equal(record_labels_of(l, w, &stack, &cgroup, NULL), 0);
		assert_int_equal(stack, -1);
	}
	record_labels_destroy(l);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	assert_int_equal(trace_reader_open(trace, &r, NULL), 0);
	labels = trace_reader_labels(r, &nr);
	assert_int_equal(nr, 2);
	assert_int_equal(labels[0].kind, TRACE_LABEL_STACK);
	assert_string_equal(labels[0].text, "second_one+0x10;0xffffffff80000000");
	assert_string_equal(labels[1].text, "first_one+0x1");
	trace_reader_close(r);
}

/* A tree of folders stands for the hierarchy: what counts is where it is mounted, and the folders' numbers. */
static void a_cgroups_path_is_its_folders(void **state)
{
	char root[80], below[120], deep[160], mounts[400];
	struct record_cgroups *c = NULL;
	struct stat st;

	snprintf(root, sizeof(root), "%s.tree", list);
	snprintf(below, sizeof(below), "%s/system.slice", root);
	snprintf(deep, sizeof(deep), "%s/cron.service", below);
	assert_int_equal(mkdir(root, 0700) || mkdir(below, 0700) || mkdir(deep, 0700), 0);
	snprintf(mounts, sizeof(mounts),
		 "23 28 0:22 / /proc rw shared:14 - proc proc rw\n"
		 "36 35 0:31 /a /elsewhere rw - cgroup2 cgroup2 rw\n"
		 "35 24 0:30 / %s rw,relatime shared:9 - cgroup2 cgroup2 rw\n",
		 root);
	put_list(mounts);
	assert_int_equal(record_cgroups_create(list, &c, NULL), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_string_equal(record_cgroups_path(c, st.st_ino, 1000), "/system.slice/cron.service");
	assert_int_equal(stat(root, &st), 0);
	assert_string_equal(record_cgroups_path(c, st.st_ino, 1001), "/");
	assert_string_equal(record_cgroups_path(c, 1, 1002), "");
	/* One that is made later is found, but not at once. */
	rmdir(deep);
	snprintf(deep, sizeof(deep), "%s/other.service", below);
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_string_equal(record_cgroups_path(c, st.st_ino, 1000 + 200000000), "/system.slice/other.service");
	record_cgroups_destroy(c);
	rmdir(deep);
	rmdir(below);
	rmdir(root);
}

static void without_a_hierarchy_no_cgroup_has_a_path(void **state)
{
	struct record_cgroups *c = NULL;

	put_list("23 28 0:22 / /proc rw shared:14 - proc proc rw\n");
	assert_int_equal(record_cgroups_create(list, &c, NULL), 0);
	assert_string_equal(record_cgroups_path(c, 1, 1), "");
	record_cgroups_destroy(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_get_the_name_of_the_function_they_lie_in),
		TEST(a_function_is_found_by_what_the_compiler_made_of_its_name),
		TEST(where_addresses_are_hidden_nothing_has_a_name),
		TEST(a_stack_is_read_and_labelled_once),
		TEST(a_cgroups_path_is_its_folders),
		TEST(without_a_hierarchy_no_cgroup_has_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

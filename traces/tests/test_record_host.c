// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's description from files: zoneinfo of three kernels, flag tables, BTF, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mm_types.h"
#include "traces/record/host_btf.h"
#include "traces/record/host_tracefs.h"
#include "traces/record/record_host.h"

/* ---- a folder that stands for the machine's / ---------------------------------------------- */

static char root[64];

static void put_file(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_root(void **state)
{
	snprintf(root, sizeof(root), "/tmp/mmr-host.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

/* Debian 6.1: one high per CPU, no promo mark; the boost is part of the printed marks. */
static const char zoneinfo_6_1[] = "Node 0, zone      DMA\n"
				   "  per-node stats\n"
				   "      nr_inactive_anon 2011\n"
				   "  pages free     3776\n"
				   "        boost    0\n"
				   "        min      178\n"
				   "        low      222\n"
				   "        high     266\n"
				   "        spanned  4095\n"
				   "        present  3998\n"
				   "        managed  3840\n"
				   "        cma      0\n"
				   "        protection: (0, 431, 927, 927, 927)\n"
				   "      nr_free_pages 3776\n"
				   "  pagesets\n"
				   "    cpu: 0\n"
				   "              count: 0\n"
				   "              high:  16\n"
				   "              batch: 1\n"
				   "  vm stats threshold: 4\n"
				   "  node_unreclaimable:  0\n"
				   "  start_pfn:           1\n"
				   "Node 0, zone    DMA32\n"
				   "  pages free     0\n"
				   "        boost    0\n"
				   "        min      0\n"
				   "        low      0\n"
				   "        high     0\n"
				   "        spanned  0\n"
				   "        present  0\n"
				   "        managed  0\n"
				   "        protection: (0, 0, 927, 927, 927)\n"
				   "Node 0, zone   Normal\n"
				   "  pages free     119627\n"
				   "        boost    1536\n"
				   "        min      7430\n"
				   "        low      8903\n"
				   "        high     10376\n"
				   "        spanned  131072\n"
				   "        present  131072\n"
				   "        managed  126867\n"
				   "        protection: (0, 0, 0, 0, 0)\n"
				   "  pagesets\n"
				   "    cpu: 0\n"
				   "              count: 5598\n"
				   "              high:  7367\n"
				   "              batch: 31\n"
				   "  vm stats threshold: 12\n"
				   "  start_pfn:           1048576\n";

static void zones_of_an_old_kernel_are_read(void **state)
{
	struct trace_machine m = {0};
	struct mmr_error err = {0};

	put_file("/proc/zoneinfo", zoneinfo_6_1);
	assert_int_equal(record_host_zones(root, &m, &err), 0);
	assert_int_equal(m.nr_zones, 2); /* DMA32 has no pages */
	assert_int_equal(m.zones[0].zone, ZONE_DMA);
	assert_int_equal(m.zones[0].nr_free_pages, 3776);
	assert_int_equal(m.zones[0].lowmem_reserve[ZONE_DMA32], 431);
	assert_int_equal(m.zones[0].lowmem_reserve[ZONE_NORMAL], 927);
	assert_int_equal(m.zones[1].zone, ZONE_NORMAL);
	assert_int_equal(m.zones[1].watermark_boost, 1536);
	assert_int_equal(m.zones[1].watermark[WMARK_MIN], 7430 - 1536);
	assert_int_equal(m.zones[1].watermark[WMARK_HIGH], 10376 - 1536);
	assert_int_equal(m.zones[1].watermark[WMARK_PROMO], 0);
	assert_int_equal(m.zones[1].start_pfn, 1048576);
	assert_int_equal(m.zones[1].managed_pages, 126867);
	assert_int_equal(m.zones[1].pcp_batch, 31);
	assert_int_equal(m.zones[1].pcp_high_min, 7367);
	assert_int_equal(m.zones[1].pcp_high_max, 7367);
	assert_int_equal(m.zones[1].stat_threshold, 12);
	trace_machine_deinit(&m);
}

static void the_limits_of_high_are_read_where_there_are_two(void **state)
{
	struct trace_machine m = {0};
	struct mmr_error err = {0};

	put_file("/proc/zoneinfo",
		 "Node 3, zone   Movable\n  pages free     5\n        min      1\n        promo    9\n"
		 "        present  7\n  pagesets\n    cpu: 0\n              high:     29797\n"
		 "              batch:    63\n              high_min: 5898\n              high_max: 61440\n");
	assert_int_equal(record_host_zones(root, &m, &err), 0);
	assert_int_equal(m.nr_zones, 1);
	assert_int_equal(m.zones[0].nid, 3);
	assert_int_equal(m.zones[0].zone, ZONE_MOVABLE);
	assert_int_equal(m.zones[0].watermark[WMARK_PROMO], 9);
	assert_int_equal(m.zones[0].pcp_high_min, 5898);
	assert_int_equal(m.zones[0].pcp_high_max, 61440);
	trace_machine_deinit(&m);
}

static void what_is_no_zoneinfo_is_refused(void **state)
{
	struct trace_machine m = {0};
	struct mmr_error err = {0};

	assert_int_equal(record_host_zones(root, &m, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/proc/zoneinfo: No such file"));
	put_file("/proc/zoneinfo", "nothing of the kind\n");
	assert_int_equal(record_host_zones(root, &m, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "lists no zone with pages"));
	put_file("/proc/zoneinfo", "Node 0, zone   Wobbly\n");
	assert_int_equal(record_host_zones(root, &m, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "zone \"Wobbly\", expected DMA"));
}

static void a_machine_of_two_nodes_is_described(void **state)
{
	struct trace_machine m;
	struct mmr_error err = {0};

	put_file("/proc/zoneinfo", zoneinfo_6_1);
	put_file("/proc/buddyinfo", "Node 0, zone      DMA      0      0      0      0      0      0      0    "
				    "  0      1      1      3 \n");
	put_file("/proc/meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\n");
	put_file("/proc/iomem", "00001000-0009fbff : System RAM\n00100000-1fffffff : System RAM\n"
				"  01000000-02276507 : Kernel code\n");
	put_file("/proc/sys/vm/swappiness", "60\n");
	put_file("/proc/sys/vm/lowmem_reserve_ratio", "256\t256\t32\n");
	put_file("/proc/sys/vm/stat_refresh", "1\n");
	put_file("/sys/devices/system/cpu/possible", "0-3,6\n");
	put_file("/sys/devices/system/cpu/cpu0/cache/index3/size", "16384K\n");
	put_file("/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list", "0-3\n");
	put_file("/sys/devices/system/node/online", "0-1\n");
	put_file("/sys/devices/system/node/node0/cpulist", "0-1\n");
	put_file("/sys/devices/system/node/node1/cpulist", "2-3,6\n");
	put_file("/sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0\n");
	put_file("/sys/devices/virtual/memory_tiering/memory_tier22/nodelist", "1\n");
	put_file("/sys/devices/system/node/node0/distance", "10 40\n");
	put_file("/sys/devices/system/node/node1/distance", "40 10\n");
	assert_int_equal(record_host_describe(root, -1, "a command", &m, &err), 0);
	assert_int_equal(m.nr_cpus, 7);
	assert_int_equal(m.nr_nodes, 2);
	assert_int_equal(m.cpu_node[1], 0);
	assert_int_equal(m.cpu_node[6], 1);
	assert_int_equal(m.node_distance[1], 40);
	assert_int_equal(m.max_order, 10);
	assert_int_equal(m.pageblock_order, 9);
	assert_int_equal(m.llc_bytes_per_cpu, 4 << 20);
	assert_int_equal(m.nr_ranges, 2);
	assert_int_equal(m.ranges[0].start_pfn, 1);
	assert_int_equal(m.ranges[1].nr_pages, 0x1ff00);
	assert_int_equal(m.nr_sysctls,
			 4); /* stat_refresh is not read: reading it changes the kernel's counters */
	assert_int_equal(m.nr_features, 2); /* of a host without BTF: only the memory tiers */
	for (unsigned int i = 0; i < m.nr_features; i++)
		assert_int_equal(m.features[i].value, strcmp(m.features[i].name, "memory_tier[0]") ? 22 : 4);
	assert_string_equal(m.command, "a command");
	trace_machine_deinit(&m);
}

/* ---- flag names ---------------------------------------------------------------------------- */

struct flags {
	int nr;
	char names[8][64];
	uint64_t values[8];
};

static void note_flag(void *ctx, const char *name, uint64_t value)
{
	struct flags *f = ctx;

	assert_in_range(f->nr, 0, 7);
	snprintf(f->names[f->nr], sizeof(f->names[0]), "%s", name);
	f->values[f->nr++] = value;
}

static void flag_tables_are_evaluated(void **state)
{
	/* The forms kernels since 6.1 print. */
	static const char format[] =
		"print fmt: \"%s\", (REC->gfp_flags) ? __print_flags(REC->gfp_flags, \"|\", "
		"{(unsigned long)(((((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u)) & ~(( gfp_t)0x800u)))), "
		"\"GFP_X\"}, "
		"{( unsigned long)(( gfp_t)((((1UL))) << (5))), \"__GFP_HIGH\"}, "
		"{(unsigned long)(( gfp_t)0), \"__GFP_NOTHING\"}, "
		"{(unsigned long)(( gfp_t)NO_SUCH_ENUMERATOR), \"__GFP_UNKNOWN\"}, "
		"{ 1 << 2 + 1, \"PRECEDENCE\" }, { 0, ((void *)0) } ) : \"none\"";
	struct flags f = {0};

	assert_int_equal(host_tracefs_parse_flags(format, NULL, note_flag, &f), 4);
	assert_string_equal(f.names[0], "GFP_X");
	assert_int_equal(f.values[0], 0x440);
	assert_string_equal(f.names[1], "__GFP_HIGH");
	assert_int_equal(f.values[1], 0x20);
	assert_int_equal(f.values[2], 0);
	assert_string_equal(f.names[3], "PRECEDENCE");
	assert_int_equal(f.values[3], 8);
}

static void broken_flag_tables_end(void **state)
{
	static const char *const broken[] = {"__print_flags(",        "__print_flags({",
					     "__print_flags({(((",    "no table",
					     "__print_flags({1, \"a", "__print_flags({1 << , \"x\"}",
					     "__print_flags({~~~~"};
	char deep[1000];
	struct flags f = {0};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(host_tracefs_parse_flags(broken[i], NULL, note_flag, &f), 0);
	memset(deep, '(', sizeof(deep));
	memcpy(deep, "__print_flags({", 15);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(host_tracefs_parse_flags(deep, NULL, note_flag, &f), 0);
}

/* ---- BTF ----------------------------------------------------------------------------------- */

struct tiny_btf {
	struct btf_header header;
	struct btf_type integer;
	uint32_t integer_tail;
	struct btf_type enumeration;
	struct btf_enum enumerators[2];
	struct btf_type structure;
	struct btf_member members[2];
	char strings[48];
};

static void make_btf(struct tiny_btf *btf)
{
	static const char strings[] = "\0kind\0KIND_A\0KIND_B\0thing\0first\0second";

	*btf = (struct tiny_btf){
		.header = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(btf->header)},
		.integer = {.info = BTF_KIND_INT << 24, .size = 4},
		.enumeration = {.name_off = 1, .info = BTF_KIND_ENUM << 24 | 2, .size = 4},
		.enumerators = {{6, 3}, {13, -1}},
		.structure = {.name_off = 20, .info = BTF_KIND_STRUCT << 24 | 2, .size = 24},
		.members = {{26, 1, 0}, {32, 1, 128}},
	};
	btf->header.type_len = offsetof(struct tiny_btf, strings) - sizeof(btf->header);
	btf->header.str_off = btf->header.type_len;
	btf->header.str_len = sizeof(strings);
	memcpy(btf->strings, strings, sizeof(strings));
}

static const char *put_btf(const struct tiny_btf *btf, size_t bytes)
{
	static char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/btf", root);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(btf, 1, bytes, f), bytes);
	fclose(f);
	return path;
}

static void sum_up(void *ctx, const char *name, int64_t value)
{
	char *text = ctx;
	size_t len = strlen(text);

	snprintf(text + len, 100 - len, "%s=%d ", name, (int)value);
}

static void enums_and_structs_are_found(void **state)
{
	char text[100] = "";
	struct mmr_error err;
	struct host_btf *btf;
	struct tiny_btf tiny;

	make_btf(&tiny);
	assert_int_equal(host_btf_load(put_btf(&tiny, sizeof(tiny)), &btf, &err), 0);
	host_btf_each_enumerator(btf, "kind", sum_up, text);
	assert_string_equal(text, "KIND_A=3 KIND_B=-1 ");
	text[0] = '\0';
	assert_true(host_btf_each_member(btf, "thing", sum_up, text));
	assert_string_equal(text, "first=0 second=16 ");
	assert_int_equal(host_btf_struct_bytes(btf, "thing"), 24);
	assert_false(host_btf_each_member(btf, "nothing", sum_up, text));
	assert_int_equal(host_btf_struct_bytes(btf, "kind"), 0);
	host_btf_free(btf);
}

static void damaged_btf_is_refused_or_ends(void **state)
{
	unsigned char *bytes;
	struct mmr_error err;
	struct host_btf *btf;
	struct tiny_btf tiny;
	char text[100];

	make_btf(&tiny);
	for (size_t cut = 0; cut < sizeof(tiny) - 16; cut++)
		assert_int_equal(host_btf_load(put_btf(&tiny, cut), &btf, &err), -EINVAL);
	/* Any byte flipped: refused, or read without leaving the file (the sanitizers watch). */
	bytes = (unsigned char *)&tiny;
	for (size_t i = 0; i < sizeof(tiny); i++) {
		bytes[i] ^= 0xff;
		if (!host_btf_load(put_btf(&tiny, sizeof(tiny)), &btf, &err)) {
			text[0] = '\0';
			host_btf_each_enumerator(btf, NULL, sum_up, text);
			text[0] = '\0';
			host_btf_each_member(btf, "thing", sum_up, text);
			host_btf_free(btf);
		}
		bytes[i] ^= 0xff;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(zones_of_an_old_kernel_are_read, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_limits_of_high_are_read_where_there_are_two, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(what_is_no_zoneinfo_is_refused, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_machine_of_two_nodes_is_described, make_root, remove_root),
		cmocka_unit_test(flag_tables_are_evaluated),
		cmocka_unit_test(broken_flag_tables_end),
		cmocka_unit_test_setup_teardown(enums_and_structs_are_found, make_root, remove_root),
		cmocka_unit_test_setup_teardown(damaged_btf_is_refused_or_ends, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

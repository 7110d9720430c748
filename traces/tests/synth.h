/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up recordings for the tests of the format: deterministic, and small or large as asked. */
#ifndef MMR_TRACES_TESTS_SYNTH_H
#define MMR_TRACES_TESTS_SYNTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "traces/mmt_block.h"
#include "traces/trace_reader.h"
#include "traces/trace_writer.h"

/* A file of this process, in memory where the system has such a place: tests rewrite it often. */
static inline void synth_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/mmt-%s-%d.mmt", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", name,
		 (int)getpid());
}

struct synth_rng {
	uint64_t state;
};

/* splitmix64: every seed gives a full-period sequence, also 0. */
static inline uint64_t synth_next(struct synth_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline uint64_t synth_below(struct synth_rng *rng, uint64_t n)
{
	return synth_next(rng) % n;
}

/* A machine with something in every field; strings and arrays are static, so nothing to release. */
static inline struct trace_machine synth_machine(uint32_t nr_cpus, uint32_t nr_nodes)
{
	static uint16_t cpu_node[4096];
	static uint8_t distance[64 * 64];
	static struct trace_zone zones[2] = {
		{.nid = 0,
		 .zone = 1,
		 .start_pfn = 4096,
		 .spanned_pages = 1044480,
		 .present_pages = 700000,
		 .managed_pages = 690000,
		 .watermark = {100, 200, 300, 400},
		 .watermark_boost = 7,
		 .lowmem_reserve = {0, 0, 23, 23, 23, 0},
		 .nr_free_pages = 1234,
		 .pcp_batch = 63,
		 .pcp_high_min = 378,
		 .pcp_high_max = 5983,
		 .stat_threshold = 42},
		{.nid = 0, .zone = 2, .start_pfn = 1048576, .spanned_pages = 1ull << 33, .present_pages = 5},
	};
	static struct trace_range ranges[2] = {{1, 158}, {256, 1ull << 40}};
	static char dma[] = "DMA", swappiness[] = "vm.swappiness", high[] = "HIGH",
		    unmovable[] = "MIGRATE_UNMOVABLE";
	static char normal[] = "ZONE_NORMAL", feature[] = "zone.block_free", release[] = "6.12.107-test",
		    version[] = "#1 SMP";
	static char arch[] = "x86_64", command[] = "make -j2 'all of it'";
	static struct trace_name_value sysctls[] = {{swappiness, -60}}, gfp[] = {{dma, 1}, {high, 32}};
	static struct trace_name_value mts[] = {{unmovable, 0}}, zone_names[] = {{normal, 2}};
	static struct trace_name_value features[] = {{feature, INT64_MIN}};

	for (uint32_t i = 0; i < nr_cpus; i++)
		cpu_node[i] = (uint16_t)(i % nr_nodes);
	for (uint32_t i = 0; i < nr_nodes * nr_nodes; i++)
		distance[i] = i % (nr_nodes + 1) ? 21 : 10;
	return (struct trace_machine){
		.kernel_release = release,
		.kernel_version = version,
		.arch = arch,
		.command = command,
		.page_size = 4096,
		.pageblock_order = 9,
		.max_order = 10,
		.nr_cpus = nr_cpus,
		.nr_nodes = nr_nodes,
		.cpu_node = cpu_node,
		.node_distance = distance,
		.nr_zones = 2,
		.zones = zones,
		.nr_ranges = 2,
		.ranges = ranges,
		.nr_sysctls = 1,
		.sysctls = sysctls,
		.nr_gfp_names = 2,
		.gfp_names = gfp,
		.nr_migratetype_names = 1,
		.migratetype_names = mts,
		.nr_zone_names = 1,
		.zone_names = zone_names,
		.nr_features = 1,
		.features = features,
		.llc_bytes_per_cpu = 1u << 21,
		.realtime_ns = 1795388017000000000ull,
		.monotonic_ns = 1110132490123ull,
	};
}

/* Make the checksums of the file header and of every block that starts where one should fit. */
static inline void synth_repair(uint8_t *file, size_t size)
{
	size_t at = MMT_FILE_HEADER_BYTES;

	if (size < MMT_FILE_HEADER_BYTES)
		return;
	mmt_file_header_sum(file);
	while (size - at >= MMT_BLOCK_HEADER_BYTES && mmt_le32(file + at) == MMT_BLOCK_MAGIC) {
		uint32_t stored = mmt_le32(file + at + MMT_BLOCK_STORED_AT);
		size_t left = size - at - MMT_BLOCK_HEADER_BYTES;

		if (stored > left)
			stored = (uint32_t)left;
		mmt_set_le64(file + at + MMT_BLOCK_PAYLOAD_SUM_AT,
			     XXH3_64bits(file + at + MMT_BLOCK_HEADER_BYTES, stored));
		mmt_set_le64(file + at + MMT_BLOCK_HEADER_SUM_AT,
			     XXH3_64bits(file + at, MMT_BLOCK_HEADER_SUM_AT));
		at += MMT_BLOCK_HEADER_BYTES + stored;
	}
}

#endif

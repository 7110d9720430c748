/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking into the running allocator: where page structs lie, where zones are, what their lists hold. */
#ifndef MMR_TRACES_RECORD_PROBE_H
#define MMR_TRACES_RECORD_PROBE_H

#include "traces/gfp_map.h"
#include "traces/record/record_capture.h"

struct record_probe;
struct record_probe_bpf; /* its BPF skeleton; record_keyframe.c uses it directly */

/** struct record_probe_zone - one populated zone of the machine, found in the kernel's memory */
struct record_probe_zone {
	uint32_t nid;
	uint8_t zone; /* stable code */
	uint64_t address; /* of its struct zone */
	uint64_t start_pfn, end_pfn;
};

/** struct record_probe - readable by the recorder's other parts; made by record_probe_create() */
struct record_probe {
	struct record_probe_bpf *skel;
	const struct gfp_map *map;
	uint32_t nr_cpus;
	struct record_pages pages;
	uint64_t page_base; /* as pages.base, all 64 bits */
	uint32_t nr_zones;
	struct record_probe_zone *zones;
	volatile uint64_t *blocks; /* mapped: what the last walk found */
	uint32_t max_blocks;
	uint64_t max_hold_ns; /* a walk under a zone's lock ends after so long; 0: when it is done */
	volatile int64_t *stat_diffs; /* mapped: [nr_cpus] */
	volatile uint64_t *offsets; /* mapped: [nr_cpus] from a per-CPU pointer to that CPU's copy */
	bool percpu_offsets; /* PCP lists and per-CPU counters can be read */
	bool stack_tells; /* where a program's frame lies tells interrupts from tasks */
	uint64_t section_table; /* the kernel's table of memory sections, 0 where not found */
	uint32_t pageblock_order;
	int provoke_fd; /* a map whose update makes the kernel allocate an order-4 block */
};

/**
 * record_probe_create - load the probing programs
 * @max_blocks: entries a walk can note; 8 bytes each
 */
int record_probe_create(uint32_t nr_cpus, uint32_t max_blocks, struct record_probe **ret,
			struct mmr_error *err);
void record_probe_destroy(struct record_probe *probe);

/**
 * record_probe_learn_pages - find the address of page frame 0's struct page
 * @tracefs: descriptor of tracefs, -1 where there is none (then /proc/self/pagemap tells, which
 *	needs CAP_SYS_ADMIN)
 *
 * Address and number are seen for the same allocations, hundreds of them; all must agree.
 * Fills @probe's pages.
 */
int record_probe_learn_pages(struct record_probe *probe, int tracefs, struct mmr_error *err);

/** record_probe_find_zones - find each populated zone of @machine in the kernel's memory */
int record_probe_find_zones(struct record_probe *probe, const struct trace_machine *machine,
			    const struct gfp_map *map, struct mmr_error *err);

/** record_probe_run - run one of the probe's programs once, here or (@cpu >= 0) on a CPU */
int record_probe_run(int prog_fd, int cpu);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace says, in memory: the machine it was recorded on, its events, its keyframes and its
 * losses. The file's bytes are described in FORMAT.md and format.h; nothing here is a disk layout.
 */
#ifndef MMR_TRACES_TRACE_H
#define MMR_TRACES_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

#define TRACE_NO_PFN       UINT32_MAX /* a failed allocation */
#define TRACE_NO_TASK      UINT32_MAX
#define TRACE_NR_ORDERS    11
#define TRACE_MAX_ZONES    6 /* stable zone codes of core/mm_types.h */
#define TRACE_NR_PCP_LISTS 14

/**
 * enum trace_event_type - the kmem page tracepoints; values are part of the file format
 *
 * New kinds are appended. A reader skips kinds it does not know and counts them.
 */
enum trace_event_type {
	TRACE_ALLOC, /* kmem:mm_page_alloc */
	TRACE_FREE, /* kmem:mm_page_free */
	TRACE_FREE_BATCHED, /* kmem:mm_page_free_batched: in addition to TRACE_FREE */
	TRACE_ZONE_LOCKED, /* kmem:mm_page_alloc_zone_locked */
	TRACE_PCPU_DRAIN, /* kmem:mm_page_pcpu_drain */
	TRACE_EXTFRAG, /* kmem:mm_page_alloc_extfrag */
	NR_TRACE_EVENT_TYPES
};
/** trace_event_type_name - "alloc", "free", "free_batched", "zone_locked", "pcpu_drain", "extfrag" */
const char *trace_event_type_name(enum trace_event_type type);

enum trace_event_flags {
	TRACE_F_PERCPU_REFILL = 1 << 0, /* ZONE_LOCKED: the event's own field */
	TRACE_F_CHANGE_OWNERSHIP = 1 << 0, /* EXTFRAG: the event's own field */
	TRACE_F_PF_MEMALLOC = 1 << 1, /* the task was reclaiming or may use reserves */
	TRACE_F_KSWAPD = 1 << 2, /* the task is kswapd (PF_KSWAPD) */
	TRACE_F_SOFTIRQ = 1 << 3, /* in softirq; recorded live also in hardirq (feature irq_context = 1) */
	TRACE_F_HARDIRQ = 1 << 4, /* in hardirq */
};

/**
 * struct trace_class - all an event says besides when, where and which page
 *
 * A recording has few distinct ones (tens), so events refer to them by number.
 * @type: enum trace_event_type
 * @order: pages = 1 << order; EXTFRAG: the requested order
 * @migratetype: stable code; ALLOC: requested; ZONE_LOCKED, PCPU_DRAIN: the list's;
 *	EXTFRAG: the requested one; 0 otherwise
 * @flags: enum trace_event_flags
 * @fallback_order, @fallback_migratetype: EXTFRAG only, else 0
 * @gfp: stable code (core/mm_types.h), ALLOC only
 * @gfp_raw: the recording kernel's own value
 */
struct trace_class {
	uint8_t type;
	uint8_t order;
	uint8_t migratetype;
	uint8_t flags;
	uint8_t fallback_order;
	uint8_t fallback_migratetype;
	uint32_t gfp;
	uint32_t gfp_raw;
};

/**
 * struct trace_event - one event, 24 bytes
 * @ts_ns: recording clock (CLOCK_MONOTONIC), ns
 * @pfn: first page frame, TRACE_NO_PFN for a failed allocation
 * @task: index into the trace's tasks, TRACE_NO_TASK where unknown
 * @cpu: the CPU it happened on
 * @class_id: index for trace_reader_class(); the fields below repeat the class's
 */
struct trace_event {
	uint64_t ts_ns;
	uint32_t pfn;
	uint32_t task;
	uint16_t cpu;
	uint16_t class_id;
	uint8_t type;
	uint8_t order;
	uint8_t migratetype;
	uint8_t flags;
};

/** struct trace_task - who asked; @comm is empty where names were left out */
struct trace_task {
	uint32_t tid;
	uint32_t tgid;
	char comm[16];
};

/** struct trace_loss - events that are missing, on one CPU, in one interval; never silent */
struct trace_loss {
	uint32_t cpu; /* UINT32_MAX where the CPU is unknown */
	uint64_t begin_ns, end_ns;
	uint64_t nr_events;
};

/* ---- the machine it was recorded on -------------------------------------------------------- */

struct trace_range {
	uint64_t start_pfn, nr_pages;
};

struct trace_zone {
	uint32_t nid;
	uint8_t zone; /* stable code */
	uint64_t start_pfn, spanned_pages, present_pages, managed_pages;
	uint64_t watermark[4]; /* min, low, high, promo, without boost */
	uint64_t watermark_boost;
	uint64_t lowmem_reserve[TRACE_MAX_ZONES];
	uint64_t nr_free_pages;
	uint32_t pcp_batch, pcp_high_min, pcp_high_max;
	uint32_t stat_threshold;
};

/** struct trace_name_value - one vm.* sysctl by name, or one name of a kernel's enum */
struct trace_name_value {
	char *name;
	int64_t value;
};

/**
 * struct trace_machine - header of a trace; arrays are owned, see trace_machine_deinit()
 * @kernel_release: uname -r;  @kernel_version: uname -v;  @arch: uname -m
 * @node_distance: [nr_nodes * nr_nodes]
 * @cpu_node: [nr_cpus]
 * @ranges: System RAM, where the recorder could read it
 * @gfp_names: the kernel's flag bits by name ("DMA" -> 0x1); @migratetype_names, @zone_names likewise
 * @features: what BTF says of this kernel, "name=value", e.g. "zone.block_free=1"
 */
struct trace_machine {
	char *kernel_release, *kernel_version, *arch;
	uint32_t page_size, pageblock_order, max_order;
	uint32_t nr_cpus, nr_nodes;
	uint16_t *cpu_node;
	uint8_t *node_distance;
	uint32_t nr_zones;
	struct trace_zone *zones;
	uint32_t nr_ranges;
	struct trace_range *ranges;
	uint32_t nr_sysctls;
	struct trace_name_value *sysctls;
	uint32_t nr_gfp_names;
	struct trace_name_value *gfp_names;
	uint32_t nr_migratetype_names;
	struct trace_name_value *migratetype_names;
	uint32_t nr_zone_names;
	struct trace_name_value *zone_names;
	uint32_t nr_features;
	struct trace_name_value *features;
	uint32_t llc_bytes_per_cpu;
	uint64_t realtime_ns, monotonic_ns; /* one moment on both clocks */
	char *command; /* what was recorded: the command line, may be "" */
};
void trace_machine_deinit(struct trace_machine *machine);

/* ---- keyframes ----------------------------------------------------------------------------- */

/** struct trace_free_block - one entry of a free or PCP list */
struct trace_free_block {
	uint32_t pfn;
	uint8_t order;
	uint8_t migratetype; /* of the list */
};

enum trace_keyframe_flags {
	TRACE_KF_LOCKED = 1 << 0, /* walked under zone->lock */
	TRACE_KF_IDLE = 1 << 1, /* walked while the lock read free and no event came between */
	TRACE_KF_PARTIAL = 1 << 2, /* lists are incomplete; @nr_missing blocks */
	TRACE_KF_FIRST = 1 << 3,
	TRACE_KF_LAST = 1 << 4,
};

/**
 * struct trace_pcp - one CPU's per_cpu_pages of one zone; lists [14], entries head first
 * @ts_ns: when this CPU's list was read, on that CPU (it cannot be the zone's own moment: a list
 *	changes without zone->lock); 0 where it is the keyframe's
 */
struct trace_pcp {
	uint64_t ts_ns;
	uint32_t cpu;
	bool have_lists;
	uint32_t count, high, high_min, high_max, batch, free_count;
	uint8_t flags, alloc_factor, expire;
	uint32_t list_len[TRACE_NR_PCP_LISTS];
	struct trace_free_block *entries; /* list 0's entries first, then list 1's, … */
	uint32_t nr_entries;
};

/**
 * struct trace_keyframe - the state of one zone at one moment
 * @ts_ns: every event of this zone with a smaller time lies before it, every other after it
 * @blocks: free blocks, by order 0..max, within it by migratetype, within it in list order head first
 * @nr_missing: blocks the kernel counted and the walk did not see (PARTIAL)
 * @pageblock_types: [nr_pageblocks] stable migratetypes from the pageblock holding start_pfn; may be NULL
 * @walk_ns: how long the walk took (with LOCKED: how long the lock was held for it)
 */
struct trace_keyframe {
	uint64_t ts_ns;
	uint32_t nid;
	uint8_t zone;
	uint32_t flags;
	uint64_t walk_ns;
	uint64_t nr_free_pages;
	uint64_t watermark_boost;
	uint32_t zone_flags;
	uint64_t nr_reserved_highatomic, nr_free_highatomic;
	uint64_t nr_blocks, nr_missing;
	struct trace_free_block *blocks;
	uint32_t nr_pageblocks;
	uint8_t *pageblock_types;
	uint32_t nr_pcps;
	struct trace_pcp *pcps;
	uint32_t nr_vm_stat_diff; /* = nr_cpus or 0 */
	int16_t *vm_stat_diff; /* NR_FREE_PAGES deltas not yet folded, per CPU */
};
void trace_keyframe_deinit(struct trace_keyframe *kf);

#endif

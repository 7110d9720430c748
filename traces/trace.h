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
 * enum trace_event_type - what happened; values are part of the file format
 *
 * The first six are the kmem page tracepoints. The others say what moves pages without them and who
 * decided to; trace_event_info() has their names and arguments, FORMAT.md what each field holds.
 * New kinds are appended. A reader skips kinds it does not know and counts them.
 */
enum trace_event_type {
	TRACE_ALLOC, /* kmem:mm_page_alloc */
	TRACE_FREE, /* kmem:mm_page_free */
	TRACE_FREE_BATCHED, /* kmem:mm_page_free_batched: in addition to TRACE_FREE */
	TRACE_ZONE_LOCKED, /* kmem:mm_page_alloc_zone_locked */
	TRACE_PCPU_DRAIN, /* kmem:mm_page_pcpu_drain */
	TRACE_EXTFRAG, /* kmem:mm_page_alloc_extfrag */
	TRACE_NR_PAGE_EVENTS,

	/* Pages that move with no kmem event. */
	TRACE_BULK_PAGE = TRACE_NR_PAGE_EVENTS, /* given out by alloc_pages_bulk */
	TRACE_ISOLATE_PAGE, /* __isolate_free_page took a buddy */
	TRACE_PUTBACK_PAGE, /* __putback_isolated_page */
	TRACE_PCP_COMMIT, /* a free reaches its per-CPU list */
	TRACE_BUDDY_FREE, /* a free passes the per-CPU lists by */
	TRACE_PCP_FREE_BULK, /* free_pcppages_bulk */
	TRACE_DRAIN_PAGES, /* drain_pages_zone */
	TRACE_PAGEBLOCK_BITS, /* a pageblock's bits are written */
	TRACE_MOVE_BLOCK, /* a pageblock's free pages change their lists */
	TRACE_ROTATE_LIST, /* move_freelist_tail */
	TRACE_PCP_DECAY, /* decay_pcp_high */
	TRACE_TAKE_OFF_BUDDY, /* take_page_off_buddy */
	TRACE_PUT_BACK_BUDDY, /* put_page_back_buddy */
	TRACE_UNRESERVE_HIGHATOMIC, /* unreserve_highatomic_pageblock */
	TRACE_ZONE_SCAN, /* one get_page_from_freelist */
	TRACE_VMSTAT_FOLD, /* refresh_cpu_vm_stats */

	/* Who decides. */
	TRACE_KSWAPD_WAKE, /* vmscan:mm_vmscan_kswapd_wake */
	TRACE_KSWAPD_SLEEP, /* vmscan:mm_vmscan_kswapd_sleep */
	TRACE_WAKEUP_KSWAPD, /* vmscan:mm_vmscan_wakeup_kswapd */
	TRACE_BALANCE_BEGIN, /* vmscan:mm_vmscan_balance_pgdat_begin, or balance_pgdat entered */
	TRACE_BALANCE_END,
	TRACE_RECLAIM_BEGIN, /* vmscan:mm_vmscan_direct_reclaim_begin */
	TRACE_RECLAIM_END,
	TRACE_COMPACT_BEGIN, /* compaction:mm_compaction_begin */
	TRACE_COMPACT_END,
	TRACE_ISOLATE_FREEPAGES, /* compaction:mm_compaction_isolate_freepages */
	TRACE_ISOLATE_MIGRATEPAGES, /* compaction:mm_compaction_isolate_migratepages */
	TRACE_FAST_ISOLATE_FREEPAGES, /* compaction:mm_compaction_fast_isolate_freepages */
	TRACE_TRY_TO_COMPACT, /* compaction:mm_compaction_try_to_compact_pages */
	TRACE_KCOMPACTD_WAKE, /* compaction:mm_compaction_kcompactd_wake */
	TRACE_KCOMPACTD_SLEEP, /* compaction:mm_compaction_kcompactd_sleep */
	TRACE_WAKEUP_KCOMPACTD, /* compaction:mm_compaction_wakeup_kcompactd */
	TRACE_PAGES_ISOLATED, /* page_isolation:test_pages_isolated */
	TRACE_ZONE_WMARKS, /* kmem:mm_setup_per_zone_wmarks */
	TRACE_LOWMEM_RESERVE, /* kmem:mm_setup_per_zone_lowmem_reserve */
	TRACE_TOTALRESERVE, /* kmem:mm_calculate_totalreserve_pages */
	TRACE_OOM_VICTIM, /* oom:mark_victim */
	TRACE_PAGE_POOL_HOLD, /* page_pool:page_pool_state_hold */
	TRACE_CACHE_ADD, /* filemap:mm_filemap_add_to_page_cache */
	TRACE_CACHE_DELETE, /* filemap:mm_filemap_delete_from_page_cache */
	TRACE_UNTRACED, /* the recorder: free lists may have changed with no event */
	TRACE_PCP_LIMITS, /* __zone_set_pageset_high_and_batch */
	TRACE_FREE_CORE, /* __free_pages_core: boot, hotplug, deferred growth */
	TRACE_ALLOC_REQUEST, /* an allocation, from where its node is chosen; in addition to TRACE_ALLOC */
	TRACE_ALLOC_FROM, /* who asks for the next allocation on this CPU; in addition to TRACE_ALLOC */
	TRACE_PCP_COUNTS, /* the recorder: pages on this CPU's lists as another task, or an interrupt, is at
			     them */
	NR_TRACE_EVENT_TYPES
};

#define TRACE_MAX_ARGS 8

/** struct trace_event_info - @args: names of the arguments of kinds from TRACE_NR_PAGE_EVENTS on, in order */
struct trace_event_info {
	const char *name;
	uint8_t nr_args;
	const char *args[TRACE_MAX_ARGS];
	bool has_pfn, has_order, has_migratetype, has_gfp, has_zone;
};
/** trace_event_info - of any number; one that is not known is called "unknown" */
const struct trace_event_info *trace_event_info(unsigned int type);
/** trace_event_type_name - "alloc", "free", "free_batched", … */
const char *trace_event_type_name(enum trace_event_type type);

enum trace_event_flags {
	TRACE_F_PERCPU_REFILL = 1 << 0, /* ZONE_LOCKED: the event's own field */
	TRACE_F_CHANGE_OWNERSHIP = 1 << 0, /* EXTFRAG: the event's own field */
	TRACE_F_PF_MEMALLOC = 1 << 1, /* the task was reclaiming or may use reserves */
	TRACE_F_KSWAPD = 1 << 2, /* the task is kswapd (PF_KSWAPD) */
	TRACE_F_SOFTIRQ = 1 << 3, /* in softirq; recorded live also in hardirq (feature irq_context = 1) */
	TRACE_F_HARDIRQ = 1 << 4, /* in hardirq */
	TRACE_F_EXTRA = 1 << 5, /* seen by a probe that not every kernel permits, not by a tracepoint */
};

/**
 * struct trace_class - all an event says besides when, where and which page
 *
 * A recording has few distinct ones (tens), so events refer to them by number.
 * @type: enum trace_event_type
 * @order: pages = 1 << order; EXTFRAG: the requested order
 * @migratetype: stable code; ALLOC: requested; ZONE_LOCKED, PCPU_DRAIN: the list's;
 *	EXTFRAG: the requested one; kinds that have none: 0
 * @flags: enum trace_event_flags
 * @fallback_order, @fallback_migratetype: EXTFRAG only, else 0
 * @nr_args: kinds from TRACE_NR_PAGE_EVENTS on: how many arguments each event has
 * @zone: the same kinds: stable code, where the kind has a zone
 * @policy: ALLOC: number of the asking task's policy, 0 is the default
 * @gfp: stable code (core/mm_types.h), of kinds that have one
 * @gfp_raw: the recording kernel's own value
 */
struct trace_class {
	uint8_t type;
	uint8_t order;
	uint8_t migratetype;
	uint8_t flags;
	uint8_t fallback_order;
	uint8_t fallback_migratetype;
	uint8_t nr_args;
	uint8_t zone;
	uint16_t policy;
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

/** struct trace_args - what an event says beyond its class and its page; trace_event_info() names it */
struct trace_args {
	uint8_t nr;
	int64_t v[TRACE_MAX_ARGS];
};

#define TRACE_NODE_WORDS 16 /* 64 nodes each */

/**
 * struct trace_policy - from which nodes a task may take memory, and how it chooses
 *
 * Policy 0 is the default one: the CPU's own node first, all nodes allowed.
 * @mode: MPOL_DEFAULT 0, MPOL_PREFERRED 1, MPOL_BIND 2, … of linux/mempolicy.h; @flags: MPOL_F_*
 * @nodes: the policy's, a bit per node
 * @allowed: the task's mems_allowed; of the default policy all ones
 */
struct trace_policy {
	uint16_t mode, flags;
	uint64_t nodes[TRACE_NODE_WORDS], allowed[TRACE_NODE_WORDS];
};

/** struct trace_label - a text that TRACE_ALLOC_FROM events name by its number */
struct trace_label {
	uint64_t id; /* cgroups: the kernel's number; stacks: 0 */
	uint8_t kind; /* enum trace_label_kind */
	char *text;
};

/**
 * enum trace_label_kind - what a label's text is
 * @TRACE_LABEL_STACK: calls, the innermost first, between semicolons: NAME+0xOFFSET, or an address
 * @TRACE_LABEL_CGROUP: the cgroup's path; empty where it is not known
 */
enum trace_label_kind { TRACE_LABEL_STACK = 1, TRACE_LABEL_CGROUP = 2 };

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

/* The feature of a recording that leaves events out on purpose; "filter.…" say which. */
#define TRACE_FEATURE_PARTIAL "filter.partial"
/* Of a recording in numbered files: the numbers of the first and the last that are in this one. */
#define TRACE_FEATURE_FIRST_FILE "rotate.first"
#define TRACE_FEATURE_LAST_FILE  "rotate.last"
/* Of a recording that was cut: the number that its first event had. */
#define TRACE_FEATURE_CUT "cut.first"
/** trace_machine_feature - value of the feature called @name, 0 where there is none */
int64_t trace_machine_feature(const struct trace_machine *machine, const char *name);

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
	TRACE_KF_PARTS =
		1 << 5, /* lists were read one after another, each at a moment of its own; PARTIAL too */
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
 * @walk_ns: how long the walk took (with LOCKED: how long the lock was held for it, in all PARTS together)
 * @hold_ns: how long the lock was held at a time, at most; 0 where that is @walk_ns
 */
struct trace_keyframe {
	uint64_t ts_ns;
	uint32_t nid;
	uint8_t zone;
	uint32_t flags;
	uint64_t walk_ns, hold_ns;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF programs of the recorder and its user space say to each other. Included by both:
 * the programs have their fixed-width types from vmlinux_subset.h, user space from stdint.h.
 */
#ifndef MMR_TRACES_RECORD_H
#define MMR_TRACES_RECORD_H

#ifdef __BPF__
typedef __u8 rec_u8;
typedef __u16 rec_u16;
typedef __u32 rec_u32;
typedef __u64 rec_u64;
typedef __s64 rec_s64;
#else
#include <stdint.h>
typedef uint8_t rec_u8;
typedef uint16_t rec_u16;
typedef uint32_t rec_u32;
typedef uint64_t rec_u64;
typedef int64_t rec_s64;
#endif

#define REC_PAGE_BITS 48
#define REC_PAGE_MASK ((1ULL << REC_PAGE_BITS) - 1)

/*
 * The 16 class bits of an event: type, order, migratetype (the kernel's number), whether the second
 * program made the record, and the flags of enum trace_event_flags, which are also the numbers used
 * here.
 */
#define REC_CLASS(type, order, migratetype, flags)                                                             \
	((rec_u16)((type) | ((order)&15) << 3 | ((migratetype)&7) << 7 | (flags) << 11))
#define REC_CLASS_TYPE(cls)        ((cls)&7)
#define REC_CLASS_ORDER(cls)       ((cls) >> 3 & 15)
#define REC_CLASS_MIGRATETYPE(cls) ((cls) >> 7 & 7)
#define REC_CLASS_SECOND           (1 << 10)
#define REC_CLASS_FLAGS(cls)       ((cls) >> 11 & 31)

/* What @gfp holds for an extfrag event, which has no gfp. */
#define REC_EXTFRAG(order, migratetype) ((rec_u32)((order)&15) | ((rec_u32)(migratetype)&15) << 4)
#define REC_EXTFRAG_ORDER(gfp)          ((gfp)&15)
#define REC_EXTFRAG_MIGRATETYPE(gfp)    ((gfp) >> 4 & 15)
#define REC_EXTFRAG_IS_PFN              (1U << 8) /* @page is a page frame number, not an address */

/**
 * struct rec_event - one page event in a CPU's ring, 24 bytes (32 with the ring's own header)
 * @ts_ns: CLOCK_MONOTONIC
 * @page: low 48 bits of the struct page's address, 0 where the allocation failed; the class above
 * @gfp: the kernel's value; for extfrag see REC_EXTFRAG
 * @tid: the task; in a lane REC_CONTEXT()
 *
 * Records in a ring are told apart by their size.
 */
struct rec_event {
	rec_u64 ts_ns;
	union {
		rec_u64 page;
		struct {
			rec_u16 page_low[3];
			rec_u16 cls;
		};
	};
	rec_u32 gfp;
	rec_u32 tid;
};

/*
 * Lanes: slots of struct rec_event in one array, for one CPU and one program each. A CPU's share of the array
 * is REC_LANE_UNITS units of a power of two of slots.
 */
enum rec_lane {
	REC_LANE_ALLOC,
	REC_LANE_FREE,
	REC_LANE_FREE_BATCHED,
	REC_LANE_ZONE_LOCKED,
	REC_LANE_PCPU_DRAIN,
	REC_LANE_EXTFRAG,
	REC_LANE_SECOND, /* and two more: the second programs of the first three */
	REC_LANE_THIRD = REC_LANE_SECOND + 3, /* likewise */
	REC_NR_LANES = REC_LANE_THIRD + 3,
};
#define REC_NR_TYPES      6 /* of page events; the first programs' lanes have the types' numbers */
#define REC_LANE_UNITS    168 /* 5 x 32, 7 x 1, and one to spare: 32 MiB are just enough for 8192 slots a unit */
#define REC_LANE_LARGE    32 /* units */
#define REC_LANE_SIZE(i)  ((i) < 5 ? REC_LANE_LARGE : 1) /* units */
#define REC_LANE_FIRST(i) ((i) < 5 ? (i)*32 : 160 + (i)-5) /* the unit it starts at */
#define REC_NO_LANES      0x80000000U /* where a CPU's lanes would start that has none */

/** struct rec_task - who runs on this CPU from here on; 32 bytes */
struct rec_task {
	rec_u64 ts_ns;
	rec_u32 tid, tgid;
	char comm[16];
};

/* Calls of a stack that are kept, the innermost ones, and how many different stacks there is room for. */
#define REC_STACK_FRAMES 32
#define REC_NR_STACKS    65536

#define REC_SHORT_ARGS 2
#define REC_LONG_ARGS  6

enum rec_note_form {
	REC_NOTE_PAGE = 1 << 0, /* @page is the low 48 bits of a struct page's address */
	REC_NOTE_PFN = 1 << 1, /* @page is a page frame number */
	REC_NOTE_ZONE = 1 << 2, /* @zone is the kernel's number of a zone */
	REC_NOTE_PCP =
		1 << 3, /* @page is how far a per_cpu_pages lies from its per-CPU pointer; the CPU is args[1] */
};

/**
 * struct rec_note - anything but a page event; 32 bytes and its arguments
 * @type: enum trace_event_type;  @flags: enum trace_event_flags;  @form: enum rec_note_form
 * @migratetype: the kernel's number
 */
struct rec_note {
	rec_u64 ts_ns, page;
	rec_u32 tid, gfp;
	rec_u8 type, order, migratetype, flags;
	rec_u8 nr_args, form, zone, reserved;
	rec_s64 args[];
};
#define REC_COUNTED_ZONES       REC_LONG_ARGS /* of which the pages on a CPU's lists are told */
#define REC_NOTE_BYTES(nr_args) (sizeof(struct rec_note) + (nr_args)*8)

#define REC_NODE_WORDS 16

/** struct rec_policy - the memory policy of the task that runs on this CPU, from here on; 280 bytes */
struct rec_policy {
	rec_u64 ts_ns;
	rec_u32 tid;
	rec_u16 mode, flags;
	rec_u64 is_default; /* the other members then say nothing */
	rec_u64 nodes[REC_NODE_WORDS], allowed[REC_NODE_WORDS];
};

/** struct rec_loss - events of this CPU that found the ring full, just before this record; 40 bytes */
struct rec_loss {
	rec_u64 begin_ns, end_ns, nr_events;
	rec_u64 reserved[2];
};

/*
 * Size of a task's kernel stack (x86-64 and arm64 without KASAN). Interrupts, hard and soft, run on
 * a stack of their CPU's instead, so where a program's own frame lies tells what it interrupts. A
 * kernel for which this does not hold shows while the recorder learns, and then no event says.
 */
#define REC_STACK_BYTES 16384

/* What the programs do: nothing; record; only count, as if no ring had room. */
enum { REC_OFF, REC_ON, REC_PAUSED };
/* With it in struct rec_cpu: the stack tells interrupts; there are third programs; special_alloc() has work. */
enum { REC_TELL_INTERRUPTS = 1 << 2, REC_HAVE_THIRD = 1 << 3, REC_SPECIAL_ALLOCS = 1 << 4 };

/* An allocation's flag TRACE_F_PERCPU_REFILL, which it has no other use for: the filters do not ask for it. */
#define REC_NOT_ASKED ((rec_u16)(1 << 11))

/** struct rec_ends - a lane's: the next slot that is written, and the one that is not free; both only grow */
struct rec_ends {
	rec_u32 head, limit; /* head: the program's, told when the slot is whole; limit: the reader's */
};

/** struct rec_first - @page: whose event of this type the first program saw last, REC_NO_PAGE before one */
struct rec_first {
	rec_u64 page;
	struct rec_ends ends; /* of the first program's lane */
};

/**
 * struct rec_cpu - a CPU's own state, written by that CPU's programs only, but for the lanes' limits
 * @mode: REC_OFF, REC_ON or REC_PAUSED, and flags; set by user space
 * @context: REC_CONTEXT() of which there is nothing new to be told; REC_NO_CONTEXT where there is
 * @lanes: this CPU's first slot, REC_NO_LANES where it has none
 * @lane_mask: slots of a large lane, less one
 * @last_tid: whom the ring's events belong to, REC_NO_TID before the first
 * @firsts: by type of event; the first three, which come most often, share a cache line with what is before
 * @later: of the second programs' lanes and the third ones'
 * @lost: events that found the ring full and are not in the ring as a rec_loss yet
 * @extfrag_seen: extfrag events, counted apart from their records
 * @lost_second: lost events that the second or third program saw
 * @policy_tid: whose policy was told last, REC_NO_TID before one; the next three say which it was
 * @percpu_offset: from a per-CPU pointer to this CPU's copy; set by user space
 * @nr_in_ring: page events so far that went to the ring
 * @counted_for: REC_CONTEXT() for which the pages on the CPU's lists were told last
 * @counting_for: the same of whom they are to be told next; @events_before: nr_events() before that one's event
 */
struct rec_cpu {
	rec_u32 mode, context, lanes, lane_mask;
	struct rec_first firsts[REC_NR_TYPES];
	struct rec_ends later[REC_NR_LANES - REC_NR_TYPES];
	rec_u64 lost, gap_begin_ns, gap_end_ns;
	rec_u64 extfrag_seen, lost_second;
	rec_u64 policy_mode, policy_nodes, policy_allowed;
	rec_u64 percpu_offset;
	rec_u32 last_tid, policy_tid, counted_for, nr_in_ring;
	rec_u32 counting_for, events_before;
};
_Static_assert(sizeof(struct rec_cpu) == 256, "a power of two, so that the programs find it by a shift");
/* Of lane @i of a struct rec_cpu. */
#define REC_ENDS(cpu, i)               ((i) < REC_NR_TYPES ? &(cpu)->firsts[i].ends : &(cpu)->later[(i)-REC_NR_TYPES])
#define REC_CONTEXT(tid, in_interrupt) ((tid) << 1 | (in_interrupt))
#define REC_NO_CONTEXT                 0xffffffffU
#define REC_NO_PAGE                    (~0ULL)
#define REC_NO_TID                     0xffffffffU

/* ---- what the probing programs tell (record_probe.bpf.c) ----------------------------------- */

#define REC_MAX_PAIRS     1024 /* pages a run of the pfn learner can note */
#define REC_MAX_NODES     64 /* nodes the zone finder can note */
#define REC_MAX_ORDERS    16
#define REC_MAX_PCP_LISTS 32

/** struct rec_layout - numbers of the running kernel's own layout, by CO-RE */
struct rec_layout {
	rec_u32 page_size; /* sizeof(struct page) */
	rec_u32 zone_size; /* sizeof(struct zone) */
	rec_u32 nr_zones; /* per node */
	rec_u32 nr_orders, nr_migratetypes, nr_pcp_lists;
	/* memory sections; section_size is 0 where the kernel has none */
	rec_u32 section_size, section_map_offset, section_usage_offset, usage_flags_offset;
	rec_u32 pageblock_bits; /* per pageblock */
	rec_u32 isolate_bit; /* 0: isolation is a migratetype like the others */
};

#define REC_PEEK_BYTES 4096

/** struct rec_walk - the request for, and the outcome of, one walk over a zone's free lists */
struct rec_walk {
	/* set by user space, @armed last */
	rec_u64 zone; /* address of struct zone */
	rec_u64 page_lo, page_hi; /* addresses of its first struct page and of the one behind its last */
	rec_u32 max_steps; /* blocks and lists the walk may pass; bounds how long the lock is held */
	rec_u32 nr_cpus;
	rec_u64 max_ns; /* after which the walk gives up; 0: never */
	rec_u32 armed; /* 1: walk at the next event; the walker makes it 2, then 3 when done */
	/* the walker's own, but user space says where to start: at which list, and how many blocks it has */
	rec_u32 order, migratetype;
	rec_u32 counting_again;
	rec_u32 out_of_time;
	rec_u32 full; /* more blocks than there is room for, or a list that does not end */
	rec_u64 head, cur;
	/* outcome */
	rec_u64 begin_ns, end_ns;
	rec_u64 nr_blocks;
	rec_u64 list_begin; /* the first block of the list that was being walked at the end */
	rec_u64 nr_free[REC_MAX_ORDERS];
	rec_u64 nr_free_after[REC_MAX_ORDERS];
	rec_u64 flags, watermark_boost, nr_reserved_highatomic, nr_free_highatomic;
	rec_s64 vm_nr_free_pages;
	rec_u32 lock_before, lock_after;
	rec_u32 errors; /* reads of kernel memory that failed */
	rec_u32 has_nr_free_highatomic;
};

/** struct rec_pcp - one CPU's page lists of one zone, read on that CPU */
struct rec_pcp {
	rec_u64 zone;
	rec_u32 max_entries;
	rec_u32 list; /* the walker's own, as the next two */
	rec_u64 head, cur;
	rec_u64 ts_ns;
	rec_u32 cpu;
	rec_u32 busy; /* pcp->lock was held: nothing read */
	rec_u32 full, errors;
	rec_u32 count, high, high_min, high_max, batch, free_count;
	rec_u32 flags, alloc_factor, expire;
	rec_u32 nr_entries;
	rec_u32 list_len[REC_MAX_PCP_LISTS];
};

/* One found block: address of its struct page, order, and list or migratetype. */
#define REC_BLOCK(page, order, list)                                                                           \
	(((page)&REC_PAGE_MASK) | (rec_u64)(order) << REC_PAGE_BITS | (rec_u64)(list) << (REC_PAGE_BITS + 8))
#define REC_BLOCK_ORDER(b) ((b) >> REC_PAGE_BITS & 0xff)
#define REC_BLOCK_LIST(b)  ((b) >> (REC_PAGE_BITS + 8))

#endif

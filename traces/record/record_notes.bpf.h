/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record of anything but a page event: what the programs on tracepoints and on functions share.
 *
 * Addresses are stored and read back from the record before anything is computed with them: the
 * verifier allows no arithmetic on what it knows to be a pointer.
 */
#ifndef MMR_TRACES_RECORD_NOTES_BPF_H
#define MMR_TRACES_RECORD_NOTES_BPF_H

#include "traces/record/record_ring.bpf.h"

/* Numbers of enum trace_event_type, which are part of the file format. */
enum {
	BULK_PAGE = 6,
	ISOLATE_PAGE,
	PUTBACK_PAGE,
	PCP_COMMIT,
	BUDDY_FREE,
	PCP_FREE_BULK,
	DRAIN_PAGES,
	PAGEBLOCK_BITS,
	MOVE_BLOCK,
	ROTATE_LIST,
	PCP_DECAY,
	TAKE_OFF_BUDDY,
	PUT_BACK_BUDDY,
	UNRESERVE_HIGHATOMIC,
	ZONE_SCAN,
	VMSTAT_FOLD,
	KSWAPD_WAKE,
	KSWAPD_SLEEP,
	WAKEUP_KSWAPD,
	BALANCE_BEGIN,
	BALANCE_END,
	RECLAIM_BEGIN,
	RECLAIM_END,
	COMPACT_BEGIN,
	COMPACT_END,
	ISOLATE_FREEPAGES,
	ISOLATE_MIGRATEPAGES,
	FAST_ISOLATE_FREEPAGES,
	TRY_TO_COMPACT,
	KCOMPACTD_WAKE,
	KCOMPACTD_SLEEP,
	WAKEUP_KCOMPACTD,
	PAGES_ISOLATED,
	ZONE_WMARKS,
	LOWMEM_RESERVE,
	TOTALRESERVE,
	OOM_VICTIM,
	PAGE_POOL_HOLD,
	CACHE_ADD,
	CACHE_DELETE,
	UNTRACED,
	PCP_LIMITS,
	FREE_CORE,
	ALLOC_REQUEST,
	ALLOC_FROM,
};

/*
 * REC_ON while events are wanted. Attaching and detaching a dozen programs takes milliseconds in which
 * some kinds of events would be there and others not.
 */
volatile __u32 recording;
/* Set where a program's stack tells whether it runs in an interrupt. */
volatile bool tell_interrupts;

/* Signatures that differ between kernels; set before loading. */
const volatile bool reclaim_gfp_first; /* 7.x: direct_reclaim_begin(gfp, order, memcg) */
const volatile bool bulk_has_list; /* before 6.14: alloc_pages_bulk(…, nr, list, array) */
const volatile bool limits_have_two; /* since 6.7: two highs */

/* ---- a record ------------------------------------------------------------------------------ */

/* Room for a note and all that is the same in each; NULL where nobody listens or the ring is full. */
static __always_inline struct rec_note *start(u8 type, u8 flags, u8 nr_args)
{
	u64 bytes = REC_NOTE_BYTES(nr_args > REC_SHORT_ARGS ? REC_LONG_ARGS : REC_SHORT_ARGS);
	struct task_struct *task = bpf_get_current_task_btf();
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);
	void *ring = bpf_map_lookup_elem(&rings, &nr);
	u64 stack = (u64)task->stack;
	u32 task_flags = task->flags;
	u64 ts_ns = bpf_ktime_get_ns();
	u32 tid = task->pid;
	struct rec_note *n;

	if (!cpu || !recording)
		return 0;
	if (!ring || recording == REC_PAUSED) {
		count_loss(cpu, ts_ns, 0);
		return 0;
	}
	if (cpu->lost)
		put_loss(ring, cpu, ts_ns);
	if (tid != cpu->last_tid)
		put_task(ring, cpu, ts_ns);
	n = bpf_ringbuf_reserve(ring, bytes, 0);
	if (!n) {
		count_loss(cpu, ts_ns, 0);
		return 0;
	}
	if (task_flags & PF_MEMALLOC)
		flags |= F_PF_MEMALLOC;
	if (task_flags & PF_KSWAPD)
		flags |= F_KSWAPD;
	if (tell_interrupts && frame_address() - stack >= REC_STACK_BYTES)
		flags |= F_SOFTIRQ;
	n->ts_ns = ts_ns;
	n->page = 0;
	n->tid = tid;
	n->gfp = 0;
	n->type = type;
	n->order = n->migratetype = 0;
	n->flags = flags;
	n->nr_args = nr_args;
	n->form = n->zone = n->reserved = 0;
	return n;
}

static __always_inline struct rec_note *submit(struct rec_note *n)
{
	bpf_ringbuf_submit(n, BPF_RB_NO_WAKEUP);
	return NULL;
}

/* with_note(n, type, flags, nr_args) fills in @n and submits it; left out where there is no room. */
#define with_note(n, ...) for (struct rec_note *n = start(__VA_ARGS__); n; n = submit(n))

static __always_inline void set_page(struct rec_note *n, u64 page)
{
	*(volatile u64 *)&n->page = page;
	n->form = REC_NOTE_PAGE;
}

static __always_inline void set_pfn(struct rec_note *n, u64 pfn)
{
	n->page = pfn;
	n->form = REC_NOTE_PFN;
}

/* The zone's number and, as the first argument, its node. */
static __always_inline void set_zone(struct rec_note *n, struct zone *zone)
{
	struct pglist_data *pgdat = BPF_CORE_READ(zone, zone_pgdat);
	volatile u64 *scratch = (volatile u64 *)&n->page;
	u64 address;

	*scratch = (u64)zone;
	address = *scratch - bpf_core_field_offset(struct pglist_data, node_zones);
	*scratch = (u64)pgdat;
	n->zone = (address - *scratch) / bpf_core_type_size(struct zone);
	*scratch = 0;
	n->args[0] = BPF_CORE_READ(pgdat, node_id);
	n->form |= REC_NOTE_ZONE;
}

/* Tracepoints tell a node and a zone's number. */
static __always_inline int node_note(u8 type, s64 nid, bool with_zone, u8 zone, u8 order, u32 gfp)
{
	with_note (n, type, 0, 1) {
		n->args[0] = nid;
		n->order = order;
		n->gfp = gfp;
		n->zone = zone;
		n->form = with_zone ? REC_NOTE_ZONE : 0;
	}
	return 0;
}

#endif

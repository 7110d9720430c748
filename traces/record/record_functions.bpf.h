/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs on the kernel's functions: pages that move without an event, and what decides where one
 * comes from. Part of record_notes.bpf.c; none of them is ever required.
 */
#ifndef MMR_TRACES_RECORD_FUNCTIONS_BPF_H
#define MMR_TRACES_RECORD_FUNCTIONS_BPF_H

#include "traces/record/record_notes.bpf.h"

/* ---- functions: pages that move unseen ------------------------------------------------------- */

static __always_inline int page_note(u8 type, u64 page, u8 order, u8 migratetype)
{
	with_note (n, type, F_EXTRA, 0) {
		set_page(n, page);
		n->order = order;
		n->migratetype = migratetype;
	}
	return 0;
}

/*
 * Slots of the array that were filled before the call are no pages of it. Two calls at a time have
 * two arrays, so its address tells them apart.
 */
#define BULK_WORDS 16
struct bulk_call {
	u64 filled[BULK_WORDS];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct bulk_call);
} bulk_calls SEC(".maps");

struct bulk_walk {
	struct bulk_call call;
	u64 array, nr, gfp;
};

static long note_filled(u32 i, struct bulk_walk *walk)
{
	u64 page = 0;

	if (i >= walk->nr || i >= 64 * BULK_WORDS)
		return 1;
	bpf_probe_read_kernel(&page, sizeof(page), (void *)(walk->array + 8 * i));
	if (page)
		walk->call.filled[i / 64 % BULK_WORDS] |= 1ULL << i % 64;
	return 0;
}

static long put_bulk_page(u32 i, struct bulk_walk *walk)
{
	u64 page = 0;

	if (i >= walk->nr || i >= 64 * BULK_WORDS)
		return 1;
	if (walk->call.filled[i / 64 % BULK_WORDS] >> i % 64 & 1)
		return 0;
	bpf_probe_read_kernel(&page, sizeof(page), (void *)(walk->array + 8 * i));
	if (!page)
		return 0;
	with_note (n, BULK_PAGE, F_EXTRA, 0) {
		set_page(n, page);
		n->gfp = walk->gfp;
	}
	return 0;
}

/* By a helper: the verifier refuses a look at an argument that points to pointers. */
static __always_inline u64 argument(u64 *ctx, u32 n)
{
	u64 value = 0;

	bpf_get_func_arg(ctx, n, &value);
	return value;
}

static __always_inline int bulk_entered(u64 *ctx)
{
	struct bulk_walk walk = {.array = argument(ctx, bulk_has_list ? 5 : 4), .nr = (u32)argument(ctx, 3)};

	if (!recording || !walk.array)
		return 0;
	if ((int)walk.nr > 0)
		bpf_loop(64 * BULK_WORDS, note_filled, &walk, 0);
	bpf_map_update_elem(&bulk_calls, &walk.array, &walk.call, 0);
	return 0;
}

static __always_inline int bulk_returned(u64 *ctx)
{
	struct bulk_walk walk = {.array = argument(ctx, bulk_has_list ? 5 : 4), .gfp = (u32)argument(ctx, 0)};
	struct bulk_call *call = bpf_map_lookup_elem(&bulk_calls, &walk.array);
	u64 nr = 0;

	if (!call)
		return 0;
	walk.call = *call;
	bpf_map_delete_elem(&bulk_calls, &walk.array);
	bpf_get_func_ret(ctx, &nr);
	walk.nr = (u32)nr;
	if (walk.nr)
		bpf_loop(64 * BULK_WORDS, put_bulk_page, &walk, 0);
	return 0;
}

SEC("fentry/alloc_pages_bulk_noprof")
int bulk_page_begin(u64 *ctx)
{
	return bulk_entered(ctx);
}

SEC("fexit/alloc_pages_bulk_noprof")
int bulk_page(u64 *ctx)
{
	return bulk_returned(ctx);
}

SEC("fentry/__alloc_pages_bulk")
int bulk_page_begin_6_1(u64 *ctx)
{
	return bulk_entered(ctx);
}

SEC("fexit/__alloc_pages_bulk")
int bulk_page_6_1(u64 *ctx)
{
	return bulk_returned(ctx);
}

SEC("fexit/__isolate_free_page")
int BPF_PROG(isolate_page, struct page *page, unsigned int order, int taken)
{
	return taken ? page_note(ISOLATE_PAGE, (u64)page, order, 0) : 0;
}

SEC("fentry/__putback_isolated_page")
int BPF_PROG(putback_page, struct page *page, unsigned int order, int migratetype)
{
	return page_note(PUTBACK_PAGE, (u64)page, order, migratetype);
}

/* @pcp as REC_NOTE_PCP has it. */
static __always_inline void set_pcp(struct rec_note *n, struct zone *zone, struct per_cpu_pages *pcp)
{
	struct per_cpu_pages *pointer = BPF_CORE_READ(zone, per_cpu_pageset);
	volatile u64 *scratch = (volatile u64 *)&n->page;
	u64 address;

	*scratch = (u64)pcp;
	address = *scratch;
	*scratch = (u64)pointer;
	n->page = address - *scratch;
	n->form |= REC_NOTE_PCP;
	n->args[1] = -1;
}

SEC("fentry/free_pcppages_bulk")
int BPF_PROG(pcp_free_bulk, struct zone *zone, int count, struct per_cpu_pages *pcp, int pindex)
{
	with_note (n, PCP_FREE_BULK, F_EXTRA, 5) {
		set_zone(n, zone);
		set_pcp(n, zone, pcp);
		n->args[2] = count;
		n->args[3] = pindex;
		n->args[4] = pcp->count;
	}
	return 0;
}

SEC("fentry/drain_pages_zone")
int BPF_PROG(drain_pages, unsigned int cpu, struct zone *zone)
{
	with_note (n, DRAIN_PAGES, F_EXTRA, 2) {
		set_zone(n, zone);
		n->args[1] = cpu;
	}
	return 0;
}

static __always_inline int commit(struct per_cpu_pages *pcp, u64 page, int migratetype, unsigned int order)
{
	struct per_cpu_pages___before_6_7 *old = (void *)pcp;

	with_note (n, PCP_COMMIT, F_EXTRA, 5) {
		set_page(n, page);
		n->order = order;
		n->migratetype = migratetype;
		n->args[0] = pcp->count;
		n->args[1] = pcp->high;
		if (bpf_core_field_exists(pcp->free_count)) {
			n->args[2] = pcp->free_count;
			n->args[3] = pcp->alloc_factor;
			n->args[4] = pcp->flags;
		} else {
			n->args[2] = BPF_CORE_READ(old, free_factor);
			n->args[3] = n->args[4] = 0;
		}
	}
	return 0;
}

SEC("fentry/free_frozen_page_commit")
int BPF_PROG(pcp_commit, struct zone *zone, struct per_cpu_pages *pcp, struct page *page, int migratetype,
	     unsigned int order)
{
	return commit(pcp, (u64)page, migratetype, order);
}

SEC("fentry/free_unref_page_commit")
int BPF_PROG(pcp_commit_6_1, struct zone *zone, struct per_cpu_pages *pcp, struct page *page, int migratetype,
	     unsigned int order)
{
	return commit(pcp, (u64)page, migratetype, order);
}

static __always_inline int buddy_note(u64 page, u8 order, s64 fpi_flags)
{
	with_note (n, BUDDY_FREE, F_EXTRA, 1) {
		set_page(n, page);
		n->order = order;
		n->args[0] = fpi_flags;
	}
	return 0;
}

SEC("fentry/split_large_buddy")
int BPF_PROG(buddy_free, struct zone *zone, struct page *page, unsigned long pfn, int order, int fpi_flags)
{
	return buddy_note((u64)page, order, fpi_flags);
}

/*
 * Before 6.10 who finds a per-CPU list locked calls a function of which compilers leave out an argument, so BTF
 * has none; it is the last one, and the others are where they were. The function waits for zone->lock: that
 * the page is in the buddy is told when it returns.
 */
struct past_page {
	u64 page;
	u32 order;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct past_page);
} past_pages SEC(".maps");

/* A task waits on its own stack, whatever CPU that is on; interrupts have one for each CPU. */
static __always_inline u64 who_frees(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 stack = (u64)task->stack;

	return PT_REGS_SP(ctx) - stack < REC_STACK_BYTES ? stack : bpf_get_smp_processor_id();
}

SEC("kprobe/free_one_page")
int BPF_KPROBE(buddy_free_begin_6_1, struct zone *zone, u64 page, u64 pfn, u64 order)
{
	struct past_page past = {.page = page, .order = order};
	u64 who = who_frees(ctx), start_pfn = BPF_CORE_READ(zone, zone_start_pfn);

	/* Arguments that are somewhere else after all. */
	if (!recording || pfn - start_pfn >= BPF_CORE_READ(zone, spanned_pages))
		return 0;
	bpf_map_update_elem(&past_pages, &who, &past, 0);
	return 0;
}

SEC("kretprobe/free_one_page")
int BPF_KRETPROBE(buddy_free_6_1)
{
	u64 who = who_frees(ctx);
	struct past_page *found = bpf_map_lookup_elem(&past_pages, &who), past;

	if (!found)
		return 0;
	past = *found;
	bpf_map_delete_elem(&past_pages, &who);
	return buddy_note(past.page, past.order, 0);
}

/* ---- functions: pageblocks and lists --------------------------------------------------------- */

static __always_inline int bits_note(u64 page, u64 flags, u64 mask)
{
	with_note (n, PAGEBLOCK_BITS, F_EXTRA, 2) {
		set_page(n, page);
		n->args[0] = flags;
		n->args[1] = mask;
	}
	return 0;
}

SEC("fentry/set_pfnblock_flags_mask")
int BPF_PROG(pageblock_bits_6_1, struct page *page, unsigned long flags, unsigned long pfn, unsigned long mask)
{
	return bits_note((u64)page, flags, mask);
}

SEC("fentry/set_pfnblock_bit")
int BPF_PROG(pageblock_bits, struct page *page, unsigned long pfn, int bit)
{
	return bits_note((u64)page, 1ULL << (bit & 63), 1ULL << (bit & 63));
}

SEC("fentry/clear_pfnblock_bit")
int BPF_PROG(pageblock_bits_clear, struct page *page, unsigned long pfn, int bit)
{
	return bits_note((u64)page, 0, 1ULL << (bit & 63));
}

SEC("fexit/__move_freepages_block")
int BPF_PROG(move_block, struct zone *zone, unsigned long start_pfn, int old, int new, int moved)
{
	with_note (n, MOVE_BLOCK, F_EXTRA, 2) {
		set_pfn(n, start_pfn);
		n->migratetype = new;
		n->args[0] = old;
		n->args[1] = moved;
	}
	return 0;
}

/* Before 6.10: any page of the block, and its old type is not told. */
SEC("fexit/move_freepages_block")
int BPF_PROG(move_block_6_1, struct zone *zone, struct page *page, int migratetype, int *num_movable, int moved)
{
	with_note (n, MOVE_BLOCK, F_EXTRA, 2) {
		set_page(n, (u64)page);
		n->migratetype = migratetype;
		n->args[0] = -1;
		n->args[1] = moved;
	}
	return 0;
}

SEC("fentry/move_freelist_tail")
int BPF_PROG(rotate_list, struct list_head *freelist, struct page *page)
{
	return page_note(ROTATE_LIST, (u64)page, BPF_CORE_READ(page, private), 0);
}

SEC("fexit/decay_pcp_high")
int BPF_PROG(pcp_decay, struct zone *zone, struct per_cpu_pages *pcp)
{
	with_note (n, PCP_DECAY, F_EXTRA, 3) {
		set_zone(n, zone);
		set_pcp(n, zone, pcp);
		n->args[2] = pcp->high;
	}
	return 0;
}

SEC("fentry/__zone_set_pageset_high_and_batch")
int pcp_limits(u64 *ctx)
{
	with_note (n, PCP_LIMITS, F_EXTRA, 4) {
		set_zone(n, (struct zone *)ctx[0]);
		n->args[1] = argument(ctx, 1);
		n->args[2] = argument(ctx, limits_have_two ? 2 : 1);
		n->args[3] = argument(ctx, limits_have_two ? 3 : 2);
	}
	return 0;
}

static __always_inline int result_note(u8 type, u64 page, s64 result)
{
	with_note (n, type, F_EXTRA, 1) {
		set_page(n, page);
		n->args[0] = result;
	}
	return 0;
}

SEC("fexit/take_page_off_buddy")
int BPF_PROG(take_off_buddy, struct page *page, bool result)
{
	return result_note(TAKE_OFF_BUDDY, (u64)page, result);
}

SEC("fexit/put_page_back_buddy")
int BPF_PROG(put_back_buddy, struct page *page, bool result)
{
	return result_note(PUT_BACK_BUDDY, (u64)page, result);
}

SEC("fexit/unreserve_highatomic_pageblock")
int BPF_PROG(unreserve_highatomic, struct alloc_context *ac, bool force, bool result)
{
	with_note (n, UNRESERVE_HIGHATOMIC, F_EXTRA, 2) {
		n->migratetype = ac->migratetype;
		n->args[0] = force;
		n->args[1] = result;
	}
	return 0;
}

SEC("fentry/__free_pages_core")
int BPF_PROG(free_core, struct page *page, unsigned int order)
{
	return page_note(FREE_CORE, (u64)page, order, 0);
}

/* ---- functions: who decides ------------------------------------------------------------------ */

SEC("fentry/refresh_cpu_vm_stats")
int BPF_PROG(vmstat_fold, bool do_pagesets)
{
	with_note (n, VMSTAT_FOLD, F_EXTRA, 1)
		n->args[0] = do_pagesets;
	return 0;
}

static __always_inline int balance_note(u8 type, struct pglist_data *pgdat, int order, int zone)
{
	with_note (n, type, F_EXTRA, type == BALANCE_END ? 2 : 1) {
		n->order = order;
		n->zone = zone;
		n->form = REC_NOTE_ZONE;
		n->args[0] = BPF_CORE_READ(pgdat, node_id); /* too far behind for an offset in an instruction */
		n->args[1] = -1;
	}
	return 0;
}

SEC("fentry/balance_pgdat")
int BPF_PROG(balance_begin_6_1, struct pglist_data *pgdat, int order, int zone)
{
	return balance_note(BALANCE_BEGIN, pgdat, order, zone);
}

SEC("fexit/balance_pgdat")
int BPF_PROG(balance_end_6_1, struct pglist_data *pgdat, int order, int zone)
{
	return balance_note(BALANCE_END, pgdat, order, zone);
}

/*
 * One request from entry to exit, with the node and the nodes it may come from: what a VMA's policy
 * made of it, too. A call's two programs get the same context, so its address tells calls apart.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, u64);
} requests SEC(".maps");

static __always_inline int request_entered(u64 *ctx)
{
	u64 key = (u64)ctx, ts_ns = bpf_ktime_get_ns();

	if (recording)
		bpf_map_update_elem(&requests, &key, &ts_ns, 0);
	return 0;
}

static __always_inline int request_returned(u64 *ctx)
{
	u64 key = (u64)ctx, begin_ns, page = 0, nodes = ~0ULL, mask = argument(ctx, 3);
	u64 *begin = bpf_map_lookup_elem(&requests, &key);

	if (!begin)
		return 0;
	begin_ns = *begin;
	bpf_map_delete_elem(&requests, &key);
	bpf_get_func_ret(ctx, &page);
	if (mask)
		bpf_probe_read_kernel(&nodes, sizeof(nodes), (void *)mask);
	with_note (n, ALLOC_REQUEST, F_EXTRA, 3) {
		set_page(n, page);
		n->gfp = argument(ctx, 0);
		n->order = argument(ctx, 1);
		n->args[0] = (int)argument(ctx, 2);
		n->args[1] = nodes;
		n->args[2] = bpf_ktime_get_ns() - begin_ns;
	}
	return 0;
}

SEC("fentry/__alloc_frozen_pages_noprof")
int request_begin(u64 *ctx)
{
	return request_entered(ctx);
}

SEC("fexit/__alloc_frozen_pages_noprof")
int request(u64 *ctx)
{
	return request_returned(ctx);
}

SEC("fentry/__alloc_pages_noprof")
int request_begin_6_10(u64 *ctx)
{
	return request_entered(ctx);
}

SEC("fexit/__alloc_pages_noprof")
int request_6_10(u64 *ctx)
{
	return request_returned(ctx);
}

SEC("fentry/__alloc_pages")
int request_begin_6_1(u64 *ctx)
{
	return request_entered(ctx);
}

SEC("fexit/__alloc_pages")
int request_6_1(u64 *ctx)
{
	return request_returned(ctx);
}

#endif

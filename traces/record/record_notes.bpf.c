// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the six page events do not tell: who decided to reclaim, compact or isolate, and pages that
 * move without an event. The programs here hang on tracepoints, of which older kernels lack some;
 * those of record_functions.bpf.h on functions, which a kernel may refuse or may have under other
 * names. User space loads what this kernel has (record_notes.c) and says what it lacks.
 */
#include "traces/record/record_notes.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- tracepoints: reclaim ------------------------------------------------------------------- */

SEC("tp_btf/mm_vmscan_kswapd_wake")
int BPF_PROG(kswapd_wake, int nid, int zone, int order)
{
	return node_note(KSWAPD_WAKE, nid, true, zone, order, 0);
}

SEC("tp_btf/mm_vmscan_kswapd_sleep")
int BPF_PROG(kswapd_sleep, int nid)
{
	return node_note(KSWAPD_SLEEP, nid, false, 0, 0, 0);
}

SEC("tp_btf/mm_vmscan_wakeup_kswapd")
int BPF_PROG(wakeup_kswapd, int nid, int zone, int order, u32 gfp)
{
	return node_note(WAKEUP_KSWAPD, nid, true, zone, order, gfp);
}

SEC("tp_btf/mm_vmscan_balance_pgdat_begin")
int BPF_PROG(balance_begin, int nid, int order, int zone)
{
	return node_note(BALANCE_BEGIN, nid, true, zone, order, 0);
}

SEC("tp_btf/mm_vmscan_balance_pgdat_end")
int BPF_PROG(balance_end, int nid, int order, int zone, unsigned long nr_reclaimed)
{
	with_note (n, BALANCE_END, 0, 2) {
		n->order = order;
		n->zone = zone;
		n->form = REC_NOTE_ZONE;
		n->args[0] = nid;
		n->args[1] = nr_reclaimed;
	}
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int reclaim_begin(u64 *ctx)
{
	u32 first, second;

	with_note (n, RECLAIM_BEGIN, 0, 0) {
		first = ctx[0];
		second = ctx[1];
		n->order = reclaim_gfp_first ? second : first;
		n->gfp = reclaim_gfp_first ? first : second;
	}
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(reclaim_end, unsigned long nr_reclaimed)
{
	with_note (n, RECLAIM_END, 0, 1)
		n->args[0] = nr_reclaimed;
	return 0;
}

/* ---- tracepoints: compaction and isolation --------------------------------------------------- */

SEC("tp_btf/mm_compaction_begin")
int BPF_PROG(compact_begin, struct compact_control *cc, unsigned long zone_start, unsigned long zone_end,
	     bool sync)
{
	with_note (n, COMPACT_BEGIN, 0, 4) {
		set_pfn(n, zone_start);
		n->args[0] = zone_end;
		n->args[1] = cc->migrate_pfn;
		n->args[2] = cc->free_pfn;
		n->args[3] = sync;
	}
	return 0;
}

SEC("tp_btf/mm_compaction_end")
int BPF_PROG(compact_end, struct compact_control *cc, unsigned long zone_start, unsigned long zone_end,
	     bool sync, int status)
{
	with_note (n, COMPACT_END, 0, 5) {
		set_pfn(n, zone_start);
		n->args[0] = zone_end;
		n->args[1] = cc->migrate_pfn;
		n->args[2] = cc->free_pfn;
		n->args[3] = sync;
		n->args[4] = status;
	}
	return 0;
}

static __always_inline int range_note(u8 type, u64 pfn, u64 end, u64 scanned, u64 taken)
{
	with_note (n, type, 0, 3) {
		set_pfn(n, pfn);
		n->args[0] = end;
		n->args[1] = scanned;
		n->args[2] = taken;
	}
	return 0;
}

SEC("tp_btf/mm_compaction_isolate_freepages")
int BPF_PROG(isolate_freepages, u64 pfn, u64 end, u64 scanned, u64 taken)
{
	return range_note(ISOLATE_FREEPAGES, pfn, end, scanned, taken);
}

SEC("tp_btf/mm_compaction_isolate_migratepages")
int BPF_PROG(isolate_migratepages, u64 pfn, u64 end, u64 scanned, u64 taken)
{
	return range_note(ISOLATE_MIGRATEPAGES, pfn, end, scanned, taken);
}

SEC("tp_btf/mm_compaction_fast_isolate_freepages")
int BPF_PROG(fast_isolate_freepages, u64 pfn, u64 end, u64 scanned, u64 taken)
{
	return range_note(FAST_ISOLATE_FREEPAGES, pfn, end, scanned, taken);
}

SEC("tp_btf/mm_compaction_try_to_compact_pages")
int BPF_PROG(try_to_compact, int order, u32 gfp, int priority)
{
	with_note (n, TRY_TO_COMPACT, 0, 1) {
		n->order = order;
		n->gfp = gfp;
		n->args[0] = priority;
	}
	return 0;
}

SEC("tp_btf/mm_compaction_kcompactd_wake")
int BPF_PROG(kcompactd_wake, int nid, int order, int zone)
{
	return node_note(KCOMPACTD_WAKE, nid, true, zone, order, 0);
}

SEC("tp_btf/mm_compaction_kcompactd_sleep")
int BPF_PROG(kcompactd_sleep, int nid)
{
	return node_note(KCOMPACTD_SLEEP, nid, false, 0, 0, 0);
}

SEC("tp_btf/mm_compaction_wakeup_kcompactd")
int BPF_PROG(wakeup_kcompactd, int nid, int order, int zone)
{
	return node_note(WAKEUP_KCOMPACTD, nid, true, zone, order, 0);
}

SEC("tp_btf/test_pages_isolated")
int BPF_PROG(pages_isolated, u64 pfn, u64 end, u64 first_not_isolated)
{
	with_note (n, PAGES_ISOLATED, 0, 2) {
		set_pfn(n, pfn);
		n->args[0] = end;
		n->args[1] = first_not_isolated;
	}
	return 0;
}

/* ---- tracepoints: watermarks, and the rest --------------------------------------------------- */

SEC("tp_btf/mm_setup_per_zone_wmarks")
int BPF_PROG(zone_wmarks, struct zone *zone)
{
	with_note (n, ZONE_WMARKS, 0, 5) {
		set_zone(n, zone);
		for (u32 i = 0; i < 4; i++)
			n->args[1 + i] = BPF_CORE_READ(zone, _watermark[i]);
	}
	return 0;
}

SEC("tp_btf/mm_setup_per_zone_lowmem_reserve")
int BPF_PROG(lowmem_reserve, struct zone *zone, struct zone *upper, long pages)
{
	with_note (n, LOWMEM_RESERVE, 0, 3) {
		set_zone(n, upper);
		n->args[1] = n->zone;
		set_zone(n, zone);
		n->args[2] = pages;
	}
	return 0;
}

SEC("tp_btf/mm_calculate_totalreserve_pages")
int BPF_PROG(totalreserve, unsigned long pages)
{
	with_note (n, TOTALRESERVE, 0, 1)
		n->args[0] = pages;
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_victim, struct task_struct *victim)
{
	with_note (n, OOM_VICTIM, 0, 1)
		n->args[0] = victim->pid;
	return 0;
}

/* Its second argument is a page, or since 6.10 a netmem: then the lowest bit says that it is none. */
SEC("tp_btf/page_pool_state_hold")
int page_pool_hold(u64 *ctx)
{
	with_note (n, PAGE_POOL_HOLD, 0, 0)
		set_page(n, ctx[1]);
	return 0;
}

/* ---- tracepoints: the page cache, only where asked for ---------------------------------------- */

/* A folio's flags are its first word in every kernel, whatever their type. */
static __always_inline int cache_note(u8 type, struct folio *folio)
{
	unsigned long flags = 0;
	u64 address;

	with_note (n, type, 0, 0) {
		set_page(n, (u64)folio);
		address = n->page;
		bpf_probe_read_kernel(&flags, sizeof(flags), (void *)address);
		if (!(flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
			continue;
		if (bpf_core_field_exists(folio->_flags_1))
			n->order = BPF_CORE_READ(folio, _flags_1) & 0xff;
		else
			n->order = BPF_CORE_READ((struct folio___before_6_6 *)folio, _folio_order);
	}
	return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(cache_add, struct folio *folio)
{
	return cache_note(CACHE_ADD, folio);
}

SEC("tp_btf/mm_filemap_delete_from_page_cache")
int BPF_PROG(cache_delete, struct folio *folio)
{
	return cache_note(CACHE_DELETE, folio);
}

/* ---- tracepoints: who asks, only where asked for ----------------------------------------------- */

const volatile bool want_stacks, want_cgroups;

/* The kernel's side of the calls that led to an allocation; sized before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, REC_STACK_FRAMES * sizeof(u64));
} stacks SEC(".maps");

SEC("tp_btf/mm_page_alloc")
int BPF_PROG(alloc_from, struct page *page, unsigned int order)
{
	s64 stack = -1;

	if (!recording)
		return 0;
	if (want_stacks)
		stack = bpf_get_stackid(ctx, &stacks, 0);
	with_note (n, ALLOC_FROM, 0, 2) {
		set_page(n, (u64)page);
		n->order = order;
		n->args[0] = stack;
		n->args[1] = want_cgroups ? bpf_get_current_cgroup_id() : -1;
	}
	return 0;
}

#include "traces/record/record_functions.bpf.h"

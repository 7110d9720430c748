// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks into the running allocator: finds the zones, learns where page structs lie, and takes the
 * keyframes. Nothing here is on the path of a recorded event; these programs are attached for the
 * moment they are needed, or run once on request.
 */
#include "traces/record/vmlinux_subset.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "traces/record/record.h"

char LICENSE[] SEC("license") = "GPL";

/* Filled when the object is loaded: the sizes CO-RE finds in the kernel's BTF. */
struct rec_layout layout;
struct rec_walk walk;
struct rec_pcp pcp;

/* ---- pages: the address and the number of the same page ------------------------------------ */

__u32 learn_tid; /* only this task's allocations; 0 for none */
__u32 nr_pages, nr_pfns;
__u32 nr_on_stack; /* of them, on the task's own stack */
__u64 frame_scratch;
__u64 pages[REC_MAX_PAIRS], pfns[REC_MAX_PAIRS];

/*
 * Both forms of one tracepoint, for one task: entry n of the one array and entry n of the other
 * are the same allocation.
 */
SEC("raw_tp/mm_page_alloc")
int BPF_PROG(learn_page, u64 page)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 n = nr_pages;

	if ((u32)bpf_get_current_pid_tgid() != learn_tid || n >= REC_MAX_PAIRS)
		return 0;
	/* As the recording programs do: their arguments are on the stack they run on. */
	*(volatile u64 *)&frame_scratch = (u64)ctx;
	if (*(volatile u64 *)&frame_scratch - (u64)task->stack < REC_STACK_BYTES)
		nr_on_stack++;
	pages[n] = page;
	nr_pages = n + 1;
	return 0;
}

SEC("tp/kmem/mm_page_alloc")
int learn_pfn(struct trace_event_raw_mm_page_alloc *ctx)
{
	u32 n = nr_pfns;

	if ((u32)bpf_get_current_pid_tgid() != learn_tid || n >= REC_MAX_PAIRS)
		return KEEP_FOR_PERF;
	pfns[n] = ctx->pfn;
	nr_pfns = n + 1;
	return KEEP_FOR_PERF;
}

/* ---- zones: every node's kswapd points to its node ----------------------------------------- */

#define PF_KSWAPD  0x00020000
#define PF_KTHREAD 0x00200000

__u32 nr_nodes;
struct {
	__u64 pgdat;
	__u64 zones; /* address of node_zones[0] */
	__s64 nid;
} nodes[REC_MAX_NODES];

/*
 * kswapd's thread data is its pglist_data. That the pglist_data names the thread in turn proves it.
 */
SEC("iter/task")
int find_nodes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct pglist_data *pgdat;
	struct kthread *kthread;
	u32 n = nr_nodes;

	if (!task || (task->flags & (PF_KTHREAD | PF_KSWAPD)) != (PF_KTHREAD | PF_KSWAPD) || n >= REC_MAX_NODES)
		return 0;
	kthread = task->worker_private;
	pgdat = BPF_CORE_READ(kthread, data);
	if (!pgdat || BPF_CORE_READ(pgdat, kswapd) != task)
		return 0;
	nodes[n].pgdat = (u64)pgdat;
	nodes[n].zones = (u64)pgdat + bpf_core_field_offset(struct pglist_data, node_zones);
	nodes[n].nid = BPF_CORE_READ(pgdat, node_id);
	nr_nodes = n + 1;
	return 0;
}

static void tell_sections(void)
{
	u32 bits = 0;

	if (!bpf_core_type_exists(struct mem_section) || !bpf_core_type_exists(struct mem_section_usage))
		return;
	if (bpf_core_enum_value_exists(enum pageblock_bits, __NR_PAGEBLOCK_BITS))
		bits = bpf_core_enum_value(enum pageblock_bits, __NR_PAGEBLOCK_BITS);
	else if (bpf_core_enum_value_exists(enum pageblock_bits, NR_PAGEBLOCK_BITS))
		bits = bpf_core_enum_value(enum pageblock_bits, NR_PAGEBLOCK_BITS);
	layout.pageblock_bits = !bits ? 0 : bits <= 4 ? 4 : 8;
	if (bpf_core_enum_value_exists(enum pageblock_bits, PB_migrate_isolate))
		layout.isolate_bit = bpf_core_enum_value(enum pageblock_bits, PB_migrate_isolate);
	layout.section_map_offset = bpf_core_field_offset(struct mem_section, section_mem_map);
	layout.section_usage_offset = bpf_core_field_offset(struct mem_section, usage);
	layout.usage_flags_offset = bpf_core_field_offset(struct mem_section_usage, pageblock_flags);
	layout.section_size = bpf_core_type_size(struct mem_section);
}

/* Run once: what user space cannot know without reading BTF itself. */
SEC("raw_tp/mm_page_alloc")
int tell_layout(void *ctx)
{
	layout.page_size = bpf_core_type_size(struct page);
	layout.zone_size = bpf_core_type_size(struct zone);
	layout.nr_zones = bpf_core_field_size(struct pglist_data, node_zones) / layout.zone_size;
	layout.nr_orders = bpf_core_field_size(struct zone, free_area) / bpf_core_type_size(struct free_area);
	layout.nr_migratetypes =
		bpf_core_field_size(struct free_area, free_list) / bpf_core_type_size(struct list_head);
	layout.nr_pcp_lists =
		bpf_core_field_size(struct per_cpu_pages, lists) / bpf_core_type_size(struct list_head);
	tell_sections();
	return 0;
}

/* One zone's own numbers, for matching it with a line of /proc/zoneinfo. */
__u64 zone_asked, zone_start_pfn, zone_spanned_pages, zone_pgdat;

SEC("raw_tp/mm_page_alloc")
int tell_zone(void *ctx)
{
	struct zone *zone = (struct zone *)zone_asked;

	zone_start_pfn = BPF_CORE_READ(zone, zone_start_pfn);
	zone_spanned_pages = BPF_CORE_READ(zone, spanned_pages);
	zone_pgdat = (u64)BPF_CORE_READ(zone, zone_pgdat);
	return 0;
}

/* ---- the distance from a per-CPU pointer to this CPU's copy -------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} here SEC(".maps");

/* One entry per possible CPU; sized before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, u64);
} percpu_offsets SEC(".maps");

volatile __u64 map_address, value_address;

/*
 * Run on each CPU. The offset is in a kernel symbol that only some kernels export, but every
 * per-CPU map knows it: where its value lies here, minus the per-CPU pointer it keeps.
 */
SEC("raw_tp/mm_page_alloc")
int tell_percpu_offset(void *ctx)
{
	u32 zero = 0, cpu = bpf_get_smp_processor_id();
	u64 *value = bpf_map_lookup_elem(&here, &zero);
	u64 *offset = bpf_map_lookup_elem(&percpu_offsets, &cpu);
	u64 pointer = 0;

	if (!value || !offset)
		return 0;
	/* Through memory, for the verifier allows no arithmetic on these two in a register. */
	map_address = (u64)&here;
	value_address = (u64)value;
	bpf_probe_read_kernel(&pointer, sizeof(pointer),
			      (void *)(map_address + bpf_core_field_offset(struct bpf_array, pptrs)));
	*offset = value_address - pointer;
	return 0;
}

/* ---- memory that no tracepoint leads to ---------------------------------------------------- */

__u64 peek_address;
__u32 peek_bytes, peek_failed;
__u8 peek_data[REC_PEEK_BYTES];

SEC("raw_tp/mm_page_alloc")
int peek(void *ctx)
{
	u32 bytes = peek_bytes;

	if (bytes <= REC_PEEK_BYTES)
		peek_failed = bpf_probe_read_kernel(peek_data, bytes, (void *)peek_address) != 0;
	return 0;
}

/* A word W is what is looked for if *(*(W + root offset) + map offset), flags aside, is the wanted. */
__u64 scan_root_offset, scan_map_offset, scan_wanted, scan_found;

static bool is_kernel_data(u64 address)
{
	return address >> 47 == 0x1ffff && !(address & 7);
}

static long scan_word(u32 i, void *unused)
{
	u64 word = 0, root = 0, map = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)(peek_address + (u64)i * sizeof(word)));
	if (!is_kernel_data(word))
		return 0;
	if (bpf_probe_read_kernel(&root, sizeof(root), (void *)(word + scan_root_offset)) ||
	    !is_kernel_data(root))
		return 0;
	if (bpf_probe_read_kernel(&map, sizeof(map), (void *)(root + scan_map_offset)) ||
	    (map & ~63ULL) != scan_wanted)
		return 0;
	scan_found = word;
	return 1;
}

SEC("raw_tp/mm_page_alloc")
int scan(void *ctx)
{
	bpf_loop(REC_PEEK_BYTES / sizeof(u64), scan_word, NULL, 0);
	return 0;
}

/* ---- keyframes ----------------------------------------------------------------------------- */

/* The blocks a walk found, in list order; sized before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, u64);
} blocks SEC(".maps");

/* One per possible CPU: the zone's free pages that CPU has not folded into the zone's counter. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, s64);
} stat_diffs SEC(".maps");

/*
 * All of a walk's state lives in memory the verifier knows nothing of. Kernels before 6.8 verify a
 * loop's body once, from the state it starts with: constants in registers would make them delete
 * every branch that is not taken the first time.
 */
static u64 read_u64(u64 address)
{
	u64 value = 0;

	if (bpf_probe_read_kernel(&value, sizeof(value), (void *)address))
		walk.errors++;
	return value;
}

static u64 free_area_address(u32 order)
{
	return walk.zone + bpf_core_field_offset(struct zone, free_area) +
	       (u64)order * bpf_core_type_size(struct free_area);
}

/* Where a walk is at a list's end, it goes on to the next list. Return: 1 behind the last one. */
static int next_list(void)
{
	walk.head = 0;
	if (++walk.migratetype < layout.nr_migratetypes)
		return 0;
	walk.migratetype = 0;
	return ++walk.order >= layout.nr_orders;
}

static long walk_step(u32 step, void *unused)
{
	u32 n = walk.nr_blocks;
	u64 *slot;

	/* 64 steps are some microseconds. */
	if (!(step & 63) && walk.max_ns && bpf_ktime_get_ns() - walk.begin_ns > walk.max_ns) {
		walk.out_of_time = 1;
		return 1;
	}
	if (!walk.head) {
		walk.list_begin = n;
		walk.head = free_area_address(walk.order) + bpf_core_field_offset(struct free_area, free_list) +
			    (u64)walk.migratetype * bpf_core_type_size(struct list_head);
		walk.cur = read_u64(walk.head);
	}
	if (walk.cur == walk.head)
		return next_list();
	slot = bpf_map_lookup_elem(&blocks, &n);
	if (!slot || !walk.cur || walk.errors) {
		walk.full = 1;
		return 1;
	}
	*slot = REC_BLOCK(walk.cur - bpf_core_field_offset(struct page, lru), walk.order, walk.migratetype);
	walk.cur = read_u64(walk.cur);
	walk.nr_blocks = n + 1;
	return 0;
}

static long count_step(u32 order, void *unused)
{
	u64 nr = read_u64(free_area_address(order) + bpf_core_field_offset(struct free_area, nr_free));

	/* A mask, for 6.1's verifier loses a comparison's bound when the compiler copies the register. */
	order &= REC_MAX_ORDERS - 1;
	if (walk.counting_again)
		walk.nr_free_after[order] = nr;
	else
		walk.nr_free[order] = nr;
	return 0;
}

static long stat_step(u32 cpu, void *unused)
{
	u64 zonestat = read_u64(walk.zone + bpf_core_field_offset(struct zone, per_cpu_zonestats));
	u64 *offset = bpf_map_lookup_elem(&percpu_offsets, &cpu);
	s64 *diff = bpf_map_lookup_elem(&stat_diffs, &cpu);
	signed char value = 0;

	if (!offset || !diff)
		return 1;
	zonestat += *offset + bpf_core_field_offset(struct per_cpu_zonestat, vm_stat_diff) +
		    bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES);
	if (*offset && bpf_probe_read_kernel(&value, sizeof(value), (void *)zonestat))
		walk.errors++;
	*diff = value;
	return 0;
}

static void read_hidden_state(void)
{
	struct zone *zone = (struct zone *)walk.zone;

	walk.flags = BPF_CORE_READ(zone, flags);
	walk.watermark_boost = BPF_CORE_READ(zone, watermark_boost);
	walk.nr_reserved_highatomic = BPF_CORE_READ(zone, nr_reserved_highatomic);
	walk.has_nr_free_highatomic = bpf_core_field_exists(zone->nr_free_highatomic);
	if (bpf_core_field_exists(zone->nr_free_highatomic))
		walk.nr_free_highatomic = BPF_CORE_READ(zone, nr_free_highatomic);
	walk.vm_nr_free_pages = read_u64(walk.zone + bpf_core_field_offset(struct zone, vm_stat) +
					 8 * bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES));
}

/* Not 0 while somebody holds the spinlock_t at @address. */
static u32 lock_word(u64 address)
{
	spinlock_t *lock = (spinlock_t *)address;
	struct spinlock___rt *rt = (void *)address;
	u32 word = 0;
	u64 owner;
	int err;

	if (bpf_core_field_exists(lock->rlock)) {
		err = bpf_probe_read_kernel(&word, sizeof(word), &lock->rlock.raw_lock);
	} else {
		err = bpf_probe_read_kernel(&owner, sizeof(owner), &rt->lock.owner);
		word = !err && owner > 1;
	}
	walk.errors += err != 0;
	return word;
}

static void do_walk(void)
{
	u64 lock = walk.zone + bpf_core_field_offset(struct zone, lock);

	walk.begin_ns = bpf_ktime_get_ns();
	walk.lock_before = lock_word(lock);
	walk.counting_again = 0;
	bpf_loop(layout.nr_orders, count_step, NULL, 0);
	read_hidden_state();
	bpf_loop(walk.nr_cpus, stat_step, NULL, 0);
	bpf_loop(walk.max_steps, walk_step, NULL, 0);
	if (walk.order < layout.nr_orders)
		walk.full = 1;
	walk.counting_again = 1;
	bpf_loop(layout.nr_orders, count_step, NULL, 0);
	walk.lock_after = lock_word(lock);
	walk.end_ns = bpf_ktime_get_ns();
}

/* Both tracepoints fire with the zone's lock held, so of one zone only one CPU can be in here. */
static int walk_if_armed(u64 page)
{
	if (walk.armed != 1 || page < walk.page_lo || page >= walk.page_hi)
		return 0;
	walk.armed = 2;
	do_walk();
	__sync_lock_test_and_set(&walk.armed, 3);
	return 0;
}

SEC("raw_tp/mm_page_alloc_zone_locked")
int BPF_PROG(walk_at_zone_locked, u64 page)
{
	return walk_if_armed(page);
}

SEC("raw_tp/mm_page_pcpu_drain")
int BPF_PROG(walk_at_pcpu_drain, u64 page)
{
	return walk_if_armed(page);
}

/* Run on request, for a zone that nobody uses: the lock is not held, only seen free. */
SEC("raw_tp/mm_page_alloc")
int walk_idle(void *ctx)
{
	do_walk();
	return 0;
}

/* ---- PCP lists: read by their own CPU ------------------------------------------------------ */

__u64 pcp_address;

static long pcp_step(u32 step, void *unused)
{
	u32 n = pcp.nr_entries, list = pcp.list;
	u64 *slot;

	if (list >= layout.nr_pcp_lists)
		return 1;
	if (!pcp.head) {
		pcp.head = pcp_address + bpf_core_field_offset(struct per_cpu_pages, lists) +
			   (u64)list * bpf_core_type_size(struct list_head);
		pcp.cur = read_u64(pcp.head);
	}
	if (pcp.cur == pcp.head) {
		pcp.head = 0;
		pcp.list = list + 1;
		return 0;
	}
	slot = bpf_map_lookup_elem(&blocks, &n);
	if (!slot || !pcp.cur || walk.errors) {
		pcp.full = 1;
		return 1;
	}
	*slot = REC_BLOCK(pcp.cur - bpf_core_field_offset(struct page, lru), 0, list);
	pcp.list_len[list & (REC_MAX_PCP_LISTS - 1)]++;
	pcp.cur = read_u64(pcp.cur);
	pcp.nr_entries = n + 1;
	return 0;
}

static void read_pcp_fields(struct per_cpu_pages *p)
{
	struct per_cpu_pages___before_6_7 *old = (void *)p;

	pcp.count = BPF_CORE_READ(p, count);
	pcp.high = BPF_CORE_READ(p, high);
	pcp.batch = BPF_CORE_READ(p, batch);
	pcp.expire = BPF_CORE_READ(p, expire);
	if (bpf_core_field_exists(p->high_min)) {
		pcp.high_min = BPF_CORE_READ(p, high_min);
		pcp.high_max = BPF_CORE_READ(p, high_max);
	}
	if (bpf_core_field_exists(p->alloc_factor)) {
		pcp.flags = BPF_CORE_READ(p, flags);
		pcp.alloc_factor = BPF_CORE_READ(p, alloc_factor);
	}
	if (bpf_core_field_exists(p->free_count))
		pcp.free_count = BPF_CORE_READ(p, free_count);
	else if (bpf_core_field_exists(old->free_factor))
		pcp.free_count = BPF_CORE_READ(old, free_factor);
}

/*
 * Run on the CPU whose lists are wanted, where nothing else of that CPU's can be at them: except
 * whoever was interrupted inside the locked section, and then the lock is not free.
 */
SEC("raw_tp/mm_page_alloc")
int read_pcp(void *ctx)
{
	struct zone *zone = (struct zone *)pcp.zone;
	u32 cpu = bpf_get_smp_processor_id();
	u64 *offset = bpf_map_lookup_elem(&percpu_offsets, &cpu);

	pcp.cpu = cpu;
	pcp.ts_ns = bpf_ktime_get_ns();
	if (!offset || !*offset) {
		pcp.errors++;
		return 0;
	}
	pcp_address = (u64)BPF_CORE_READ(zone, per_cpu_pageset) + *offset;
	pcp.busy = lock_word(pcp_address + bpf_core_field_offset(struct per_cpu_pages, lock)) != 0;
	if (pcp.busy)
		return 0;
	read_pcp_fields((struct per_cpu_pages *)pcp_address);
	bpf_loop(pcp.max_entries + REC_MAX_PCP_LISTS + 1, pcp_step, NULL, 0);
	return 0;
}

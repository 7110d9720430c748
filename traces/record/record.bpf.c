// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recorder's hot path: one program for each of the six kmem page tracepoints, each putting one
 * 24-byte record into its own lane on its CPU. No program ever wakes the reader, waits, or drops an
 * event without counting it.
 *
 * BTF tracepoints are used since they cost less than raw ones (25 against 30 ns a call). The
 * verifier lets such a program store the page's address but not compute with it; user space turns
 * it into a page frame number.
 */
#include "traces/record/record_ring.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Numbers of enum trace_event_type, which are part of the file format. */
enum { ALLOC, FREE, FREE_BATCHED, ZONE_LOCKED, PCPU_DRAIN, EXTFRAG, PCP_COUNTS = 51 };

const volatile bool have_third;
/* Events go to lanes; else (kernels that let a program interrupt itself) to the CPU's ring. */
const volatile bool use_lanes;
const volatile __u32 lane_unit_shift;

/* All CPUs' lanes; sized before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct rec_event);
} lanes SEC(".maps");
/* Whose allocations are asked for; 0: anybody's. The cgroup is found by its place among its task's ancestors.
 */
const volatile __u32 want_tgid;
const volatile __u32 want_cgroup_level;
const volatile __u64 want_cgroup;

/* More than one node: policies matter. The nodes with memory, of the first 64; all allowed is no news. */
const volatile bool many_nodes;
const volatile __u64 memory_nodes;
const volatile __u32 node_words = 1;

/* For the classic tracepoints, which tell a page's number only; set before they are attached. */
volatile __u64 page_base, page_size;

/* The task's policy and allowed nodes, in words; out of line, for it is rare. */
static __noinline void put_policy(void *ring, struct rec_cpu *cpu, u64 ts_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rec_policy *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
	struct mempolicy *policy = task->mempolicy;

	if (!r)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	r->ts_ns = ts_ns;
	r->tid = task->pid;
	if (policy) {
		r->mode = policy->mode;
		r->flags = policy->flags;
	}
	for (u32 i = 0; i < REC_NODE_WORDS; i++) {
		if (i >= node_words)
			break;
		if (policy)
			bpf_probe_read_kernel(&r->nodes[i], 8, &policy->nodes.bits[i]);
		bpf_probe_read_kernel(&r->allowed[i], 8, &task->mems_allowed.bits[i]);
	}
	r->is_default = !policy && (r->allowed[0] & memory_nodes) == memory_nodes;
	cpu->policy_tid = r->is_default ? REC_NO_TID : r->tid;
	cpu->policy_mode = (u64)r->flags << 16 | r->mode;
	cpu->policy_nodes = r->nodes[0];
	cpu->policy_allowed = r->allowed[0];
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Tell the policy before an allocation, where it is not what the ring says of this task already. */
static __always_inline void tell_policy(void *ring, struct rec_cpu *cpu, struct task_struct *task, u32 tid,
					u64 ts_ns)
{
	struct mempolicy *policy = task->mempolicy;
	u64 allowed = task->mems_allowed.bits[0];

	if (!policy && (allowed & memory_nodes) == memory_nodes) {
		if (cpu->policy_tid != tid)
			return;
	} else if (cpu->policy_tid == tid && cpu->policy_allowed == allowed) {
		u64 mode = 0, nodes = 0;

		if (policy) {
			mode = (u64)policy->flags << 16 | policy->mode;
			nodes = policy->nodes.bits[0];
		}
		if (cpu->policy_mode == mode && cpu->policy_nodes == nodes)
			return;
	}
	put_policy(ring, cpu, ts_ns);
}

/* What is not the same task's next event: rare, so out of line. Return: is the event to be recorded? */
static __noinline bool tell_change(struct rec_cpu *cpu, u32 nr, u64 ts_ns, u32 tid)
{
	void *ring = bpf_map_lookup_elem(&rings, &nr);

	if (!cpu || !ring || recording == REC_PAUSED) /* no ring: a CPU that came online after the start */
		return false;
	if (cpu->lost)
		put_loss(ring, cpu, ts_ns);
	if (tid != cpu->last_tid)
		put_task(ring, cpu, ts_ns);
	return true;
}

/* Zones whose per-CPU lists are counted, in the order of the file's header; set before recording. */
volatile __u32 nr_counted;
volatile __u64 counted_zones[REC_COUNTED_ZONES];
volatile __u64 counted_lists[REC_COUNTED_ZONES]; /* their per-CPU pointers, filled when first needed */

static __always_inline u64 lists_of(u32 i)
{
	u64 lists = counted_lists[i];

	if (!lists && counted_zones[i]) {
		lists = (u64)BPF_CORE_READ((struct zone *)counted_zones[i], per_cpu_pageset);
		counted_lists[i] = lists;
	}
	return lists;
}

/*
 * An allocation is told some while after its page left the list, and a free before its page comes there. In
 * between another task or an interrupt may be at the list: how many pages are on it tells. The time is the
 * event's, less the least, for the count comes before it. From 7.0 on this very program may be preempted: then
 * the count is of another time, and is not told.
 */
static __noinline void put_counts(void *ring, struct rec_cpu *cpu, u64 ts_ns, u32 context, u32 sequence)
{
	u32 counts[REC_COUNTED_ZONES];
	struct rec_note *n;

	if (!ring || !cpu)
		return;
	for (u32 i = 0; i < REC_COUNTED_ZONES; i++) {
		u64 lists = i < nr_counted ? lists_of(i) : 0;

		counts[i] = 0;
		if (lists)
			bpf_probe_read_kernel(&counts[i], sizeof(counts[i]),
					      (void *)(lists + cpu->percpu_offset +
						       bpf_core_field_offset(struct per_cpu_pages, count)));
	}
	if (*(volatile u32 *)&cpu->sequence != sequence)
		return;
	n = bpf_ringbuf_reserve(ring, REC_NOTE_BYTES(REC_LONG_ARGS), 0);
	if (!n) {
		count_loss(cpu, ts_ns, 0);
		return;
	}
	n->ts_ns = ts_ns - 1;
	n->page = 0;
	n->tid = context >> 1;
	n->gfp = 0;
	n->type = PCP_COUNTS;
	n->order = n->migratetype = 0;
	n->flags = context & 1 ? F_SOFTIRQ : 0;
	n->nr_args = nr_counted;
	n->form = n->zone = n->reserved = 0;
	for (u32 i = 0; i < REC_COUNTED_ZONES; i++)
		n->args[i] = (int)counts[i];
	cpu->counted_for = context;
	bpf_ringbuf_submit(n, BPF_RB_NO_WAKEUP);
}

/* Under zone->lock the lists' own lock is held, too, and a drain changes the count block by block. */
static __always_inline bool is_counted(u16 cls)
{
	return REC_CLASS_TYPE(cls) <= ZONE_LOCKED;
}

/* Return: is it an interrupt's? */
static __always_inline bool fill_event(struct rec_event *e, u64 page, u16 cls, u32 gfp,
				       struct task_struct *task, u32 task_flags, u32 tid)
{
	bool in_interrupt = false;

	if (task_flags & PF_MEMALLOC)
		cls |= REC_CLASS(0, 0, 0, F_PF_MEMALLOC);
	if (task_flags & PF_KSWAPD)
		cls |= REC_CLASS(0, 0, 0, F_KSWAPD);
	if (tell_interrupts && frame_address(&e->page) - (u64)task->stack >= REC_STACK_BYTES) {
		cls |= REC_CLASS(0, 0, 0, F_SOFTIRQ);
		in_interrupt = true;
	}
	/*
	 * Two stores, in this order, and volatile: the class replaces the address's upper 16 bits in
	 * memory because the verifier forbids to do it in a register.
	 */
	*(volatile u64 *)&e->page = page;
	*(volatile u16 *)&e->cls = cls;
	e->gfp = gfp;
	e->tid = tid;
	return in_interrupt;
}

/*
 * A program is alone with its lane: plain stores do, the time last, for a slot with a time is one to
 * be read. x86 keeps the order of stores, and elsewhere lanes are not used.
 */
static __always_inline int put_event(struct rec_cpu *cpu, u32 nr, u64 page, u16 cls, u32 gfp, u32 lane)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 sequence = ++*(volatile u32 *)&cpu->sequence;
	u64 ts_ns = bpf_ktime_get_ns();
	u32 task_flags = task->flags, tid = task->pid, at;
	bool to_ring = !use_lanes || lane >= REC_NR_LANES;
	void *ring = NULL;
	struct rec_event *e;
	u32 context;

	if ((tid != cpu->last_tid || cpu->lost || recording != REC_ON) && !tell_change(cpu, nr, ts_ns, tid)) {
		count_loss(cpu, ts_ns, cls);
		return 0;
	}
	if (to_ring || (REC_CLASS_TYPE(cls) == ALLOC && many_nodes)) {
		ring = bpf_map_lookup_elem(&rings, &nr);
		if (!ring) {
			count_loss(cpu, ts_ns, cls);
			return 0;
		}
	}
	if (ring && REC_CLASS_TYPE(cls) == ALLOC && many_nodes)
		tell_policy(ring, cpu, task, tid, ts_ns);
	if (to_ring) {
		e = ring ? bpf_ringbuf_reserve(ring, sizeof(*e), 0) : NULL;
		if (!e) {
			count_loss(cpu, ts_ns, cls);
			return 0;
		}
		context = REC_CONTEXT(tid, fill_event(e, page, cls, gfp, task, task_flags, tid));
		e->ts_ns = ts_ns;
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
		if (nr_counted && context != cpu->counted_for && is_counted(cls))
			put_counts(ring, cpu, ts_ns, context, sequence);
		return 0;
	}
	at = cpu->lanes + (REC_LANE_FIRST(lane) << lane_unit_shift) +
	     (cpu->heads[lane] & ((REC_LANE_SIZE(lane) << lane_unit_shift) - 1));
	e = bpf_map_lookup_elem(&lanes, &at);
	if (!e || *(volatile u64 *)&e->ts_ns) {
		count_loss(cpu, ts_ns, cls);
		return 0;
	}
	context = REC_CONTEXT(tid, fill_event(e, page, cls, gfp, task, task_flags, tid));
	*(volatile u64 *)&e->ts_ns = ts_ns;
	cpu->heads[lane]++;
	if (nr_counted && context != cpu->counted_for && is_counted(cls))
		put_counts(ring ? ring : bpf_map_lookup_elem(&rings, &nr), cpu, ts_ns, context, sequence);
	return 0;
}

/*
 * Since 6.2, and on stable kernels before it, a program that is active on the CPU already is skipped: an
 * interrupt's page events would be lost where it comes while the same program runs for the task. So the
 * tracepoints that fire with interrupts on have two programs. Both are entered for every event, the first one
 * first; the second returns if the first has noted this very page. Else it records the event, marked: usually
 * the first was skipped, but it may also be that an interrupt's own programs ran between these two. User space
 * tells which, for then the same event stands in the rings twice.
 *
 * From 7.0 on a tracepoint leaves preemption on, and a task that is preempted within a program keeps
 * it active on that CPU until it runs again: two such tasks, and a third one's events are lost. Only
 * the classic form of a tracepoint is called with preemption off, so there it is the third program.
 */
static __always_inline int first(u64 page, u16 cls, u32 gfp)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);

	if (!cpu || !recording)
		return 0;
	*(volatile u64 *)&cpu->last_page[REC_CLASS_TYPE(cls)] = page;
	return put_event(cpu, nr, page, cls, gfp, REC_CLASS_TYPE(cls));
}

/* The second programs of events under zone->lock, and the third ones, save little: they have no lane. */
#define LATER_LANE(lane, type) ((type) < ZONE_LOCKED ? (lane) + (type) : REC_NR_LANES)

/* The last program takes the note away: it must not speak for a later event of the same page. */
static __always_inline int second(u64 page, u16 cls, u32 gfp)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);
	volatile u64 *last;

	if (!cpu || !recording)
		return 0;
	last = (volatile u64 *)&cpu->last_page[REC_CLASS_TYPE(cls)];
	if (*last == page) {
		if (!have_third)
			*last = REC_NO_PAGE;
		return 0;
	}
	if (have_third)
		*last = page;
	return put_event(cpu, nr, page, cls | REC_CLASS_SECOND, gfp,
			 LATER_LANE(REC_LANE_SECOND, REC_CLASS_TYPE(cls)));
}

/* What a classic program returns: after 0 the kernel would hide the event from all who use perf on this
 * tracepoint. */
#define KEEP_FOR_PERF 1

static __always_inline int third(u64 pfn, u16 cls, u32 gfp)
{
	u64 page = pfn == ~0ULL ? 0 : page_base + pfn * page_size;
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);
	volatile u64 *last;
	u64 noted;

	if (!cpu || !recording)
		return KEEP_FOR_PERF;
	last = (volatile u64 *)&cpu->last_page[REC_CLASS_TYPE(cls)];
	noted = *last;
	*last = REC_NO_PAGE;
	if (noted == page)
		return KEEP_FOR_PERF;
	put_event(cpu, nr, page, cls | REC_CLASS_SECOND, gfp, LATER_LANE(REC_LANE_THIRD, REC_CLASS_TYPE(cls)));
	return KEEP_FOR_PERF;
}

/* F_OWN where the asking task is none of those asked for. */
static __always_inline u32 not_asked(void)
{
	if (want_tgid && (u32)(bpf_get_current_pid_tgid() >> 32) != want_tgid)
		return F_OWN;
	if (want_cgroup && bpf_get_current_ancestor_cgroup_id(want_cgroup_level) != want_cgroup)
		return F_OWN;
	return 0;
}

#define ALLOC_CLASS   REC_CLASS(ALLOC, order, type, not_asked())
#define FREE_CLASS    REC_CLASS(FREE, order, 0, 0)
#define BATCHED_CLASS REC_CLASS(FREE_BATCHED, 0, 0, 0)

SEC("tp_btf/mm_page_alloc")
int BPF_PROG(mm_page_alloc, struct page *page, unsigned int order, u32 gfp, int type)
{
	return first((u64)page, ALLOC_CLASS, gfp);
}

SEC("tp_btf/mm_page_alloc")
int BPF_PROG(mm_page_alloc_2, struct page *page, unsigned int order, u32 gfp, int type)
{
	return second((u64)page, ALLOC_CLASS, gfp);
}

SEC("tp_btf/mm_page_free")
int BPF_PROG(mm_page_free, struct page *page, unsigned int order)
{
	return first((u64)page, FREE_CLASS, 0);
}

SEC("tp_btf/mm_page_free")
int BPF_PROG(mm_page_free_2, struct page *page, unsigned int order)
{
	return second((u64)page, FREE_CLASS, 0);
}

SEC("tp_btf/mm_page_free_batched")
int BPF_PROG(mm_page_free_batched, struct page *page)
{
	return first((u64)page, BATCHED_CLASS, 0);
}

SEC("tp_btf/mm_page_free_batched")
int BPF_PROG(mm_page_free_batched_2, struct page *page)
{
	return second((u64)page, BATCHED_CLASS, 0);
}

SEC("tp/kmem/mm_page_alloc")
int mm_page_alloc_3(struct trace_event_raw_mm_page_alloc *ctx)
{
	return third(ctx->pfn, REC_CLASS(ALLOC, ctx->order, ctx->migratetype, not_asked()), ctx->gfp_flags);
}

SEC("tp/kmem/mm_page_free")
int mm_page_free_3(struct trace_event_raw_mm_page_free *ctx)
{
	return third(ctx->pfn, REC_CLASS(FREE, ctx->order, 0, 0), 0);
}

SEC("tp/kmem/mm_page_free_batched")
int mm_page_free_batched_3(struct trace_event_raw_mm_page_free_batched *ctx)
{
	return third(ctx->pfn, BATCHED_CLASS, 0);
}

/* These fire under zone->lock: with interrupts off, so that nothing can interrupt them, but for PREEMPT_RT. */
#define ZONE_LOCKED_CLASS REC_CLASS(ZONE_LOCKED, order, type, refill ? F_OWN : 0)
#define DRAIN_CLASS       REC_CLASS(PCPU_DRAIN, order, type, 0)

SEC("tp_btf/mm_page_alloc_zone_locked")
int BPF_PROG(mm_page_alloc_zone_locked, struct page *page, unsigned int order, int type, int refill)
{
	return first((u64)page, ZONE_LOCKED_CLASS, 0);
}

SEC("tp_btf/mm_page_alloc_zone_locked")
int BPF_PROG(mm_page_alloc_zone_locked_2, struct page *page, unsigned int order, int type, int refill)
{
	return second((u64)page, ZONE_LOCKED_CLASS, 0);
}

SEC("tp_btf/mm_page_pcpu_drain")
int BPF_PROG(mm_page_pcpu_drain, struct page *page, unsigned int order, int type)
{
	return first((u64)page, DRAIN_CLASS, 0);
}

SEC("tp_btf/mm_page_pcpu_drain")
int BPF_PROG(mm_page_pcpu_drain_2, struct page *page, unsigned int order, int type)
{
	return second((u64)page, DRAIN_CLASS, 0);
}

SEC("tp/kmem/mm_page_alloc_zone_locked")
int mm_page_alloc_zone_locked_3(struct trace_event_raw_mm_page *ctx)
{
	u32 flags = ctx->percpu_refill ? F_OWN : 0;

	return third(ctx->pfn, REC_CLASS(ZONE_LOCKED, ctx->order, ctx->migratetype, flags), 0);
}

SEC("tp/kmem/mm_page_pcpu_drain")
int mm_page_pcpu_drain_3(struct trace_event_raw_mm_page_pcpu_drain *ctx)
{
	return third(ctx->pfn, REC_CLASS(PCPU_DRAIN, ctx->order, ctx->migratetype, 0), 0);
}

/*
 * The classic form of this one, for the kernel computes change_ownership while it fills the
 * classic record: it is not among the tracepoint's arguments.
 */
SEC("tp/kmem/mm_page_alloc_extfrag")
int mm_page_alloc_extfrag(struct trace_event_raw_mm_page_alloc_extfrag *ctx)
{
	u32 flags = ctx->change_ownership ? F_OWN : 0;

	first(ctx->pfn, REC_CLASS(EXTFRAG, ctx->alloc_order, ctx->alloc_migratetype, flags),
	      REC_EXTFRAG(ctx->fallback_order, ctx->fallback_migratetype) | REC_EXTFRAG_IS_PFN);
	return KEEP_FOR_PERF;
}

/*
 * Counts them, for the kernel runs no classic program while another one is active on the CPU, and
 * does not always say that it did not.
 */
SEC("tp_btf/mm_page_alloc_extfrag")
int BPF_PROG(count_extfrag)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);

	if (cpu && recording)
		__sync_fetch_and_add(&cpu->extfrag_seen, 1);
	return 0;
}

/* Where tracefs cannot be read, what remains of the event. */
SEC("tp_btf/mm_page_alloc_extfrag")
int BPF_PROG(mm_page_alloc_extfrag_raw, struct page *page, int order, int fallback_order, int type,
	     int fallback_type)
{
	return first((u64)page, REC_CLASS(EXTFRAG, order, type, 0), REC_EXTFRAG(fallback_order, fallback_type));
}

/* A task that changes its name without leaving its CPU (exec does) is told to the ring again. */
SEC("tp_btf/task_rename")
int BPF_PROG(task_rename)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);

	if (cpu)
		cpu->last_tid = REC_NO_TID;
	return 0;
}

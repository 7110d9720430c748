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

/* Events go to lanes; else (kernels that let a program interrupt itself) to the CPU's ring. */
const volatile bool use_lanes;

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
static __noinline void put_policy(struct rec_cpu *cpu, u64 ts_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 nr = bpf_get_smp_processor_id();
	void *ring = cpu ? bpf_map_lookup_elem(&rings, &nr) : NULL;
	struct rec_policy *r = ring ? bpf_ringbuf_reserve(ring, sizeof(*r), 0) : NULL;
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
static __always_inline void tell_policy(struct rec_cpu *cpu, struct task_struct *task, u64 ts_ns)
{
	struct mempolicy *policy = task->mempolicy;
	u64 allowed = task->mems_allowed.bits[0];
	u32 tid = task->pid;

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
	put_policy(cpu, ts_ns);
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

/* Grows with each page event of this CPU. */
static __always_inline u32 nr_events(struct rec_cpu *cpu)
{
	u32 nr = *(volatile u32 *)&cpu->nr_in_ring;

#pragma unroll
	for (int i = 0; i < REC_NR_LANES; i++)
		nr += *(volatile u32 *)&REC_ENDS(cpu, i)->head;
	return nr;
}

/*
 * An allocation is told some while after its page left the list, and a free before its page comes there. In
 * between another task or an interrupt may be at the list: how many pages are on it tells. The time is the
 * event's, less the least, for the count comes before it. From 7.0 on this very program may be preempted: then
 * the count is of another time, and is not told.
 */
static __noinline int put_counts(struct rec_cpu *cpu, void *ring, u64 ts_ns, u32 context, u32 events)
{
	u32 counts[REC_COUNTED_ZONES];
	struct rec_note *n;

	if (!ring || !cpu)
		return 0;
	for (u32 i = 0; i < REC_COUNTED_ZONES; i++) {
		u64 lists = i < nr_counted ? lists_of(i) : 0;

		counts[i] = 0;
		if (lists)
			bpf_probe_read_kernel(&counts[i], sizeof(counts[i]),
					      (void *)(lists + cpu->percpu_offset +
						       bpf_core_field_offset(struct per_cpu_pages, count)));
	}
	if (nr_events(cpu) != events)
		return 0;
	n = bpf_ringbuf_reserve(ring, REC_NOTE_BYTES(REC_LONG_ARGS), 0);
	if (!n) {
		count_loss(cpu, ts_ns, 0);
		return 0;
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
	return 0;
}

/* Under zone->lock the lists' own lock is held, too, and a drain changes the count block by block. */
static __always_inline bool is_counted(u32 type)
{
	return type <= ZONE_LOCKED;
}

static __always_inline bool to_be_counted(struct rec_cpu *cpu, u32 context, u32 type)
{
	return nr_counted && context != cpu->counted_for && is_counted(type);
}

/* All of it was told: the context's next event is nothing new. */
static __always_inline void note_told(struct rec_cpu *cpu, u32 context)
{
	bool told = context >> 1 == cpu->last_tid && !cpu->lost && (!nr_counted || context == cpu->counted_for);

	cpu->context = told ? context : REC_NO_CONTEXT;
}

/*
 * What is not the same task's, or the same interrupt's, next event: rare, so out of line.
 * Return: the event's time, 0 where it is not to be recorded
 */
static __noinline u64 tell_change(struct rec_cpu *cpu, u32 context, u32 cls)
{
	u32 nr = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &nr);
	u64 ts_ns = bpf_ktime_get_ns();

	if (!cpu)
		return 0;
	if (!ring) { /* a CPU that came online after the start */
		count_loss(cpu, ts_ns, cls);
		return 0;
	}
	if (cpu->lost)
		put_loss(ring, cpu, ts_ns);
	if (context >> 1 != cpu->last_tid)
		put_task(ring, cpu, ts_ns);
	if (to_be_counted(cpu, context, REC_CLASS_TYPE(cls))) {
		cpu->counting_for = context;
		*(volatile u32 *)&cpu->events_before = nr_events(cpu);
	} else {
		note_told(cpu, context);
	}
	return bpf_ktime_get_ns();
}

/* The rest of what is new, behind the event, so that nobody waits longer than needs be for a slot with a time.
 */
static __noinline int tell_counts(struct rec_cpu *cpu, u64 ts_ns, u32 context, u32 type)
{
	u32 nr = bpf_get_smp_processor_id();

	if (!cpu || !to_be_counted(cpu, context, type) || cpu->counting_for != context)
		return 0;
	put_counts(cpu, bpf_map_lookup_elem(&rings, &nr), ts_ns, context, cpu->events_before + 1);
	note_told(cpu, context);
	return 0;
}

static __always_inline struct rec_event *next_slot(struct rec_cpu *cpu, u32 lane)
{
	struct rec_ends *ends = REC_ENDS(cpu, lane);
	u32 head = ends->head, mask = cpu->lane_mask, at;

	if (head == *(volatile u32 *)&ends->limit)
		return NULL;
	if (REC_LANE_SIZE(lane) == REC_LANE_LARGE)
		at = REC_LANE_FIRST(lane) / REC_LANE_LARGE * (mask + 1) + (head & mask);
	else
		at = REC_LANE_FIRST(lane) * ((mask + 1) / REC_LANE_LARGE) + (head & mask / REC_LANE_LARGE);
	at += cpu->lanes;
	return bpf_map_lookup_elem(&lanes, &at);
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

/** struct seen - an event as a classic program sees it; a BTF tracepoint's is in its arguments */
struct seen {
	u64 page;
	u16 cls;
	u32 gfp;
};

#define ARG(ctx, i) (((volatile u64 *)(ctx))[i])

/* By the order of the tracepoints' arguments, of which the first is the page. */
static __always_inline u16 class_of(u32 type, void *ctx)
{
	switch (type) {
	case ALLOC:
		return REC_CLASS(ALLOC, ARG(ctx, 1), ARG(ctx, 3), 0);
	case FREE:
		return REC_CLASS(FREE, ARG(ctx, 1), 0, 0);
	case ZONE_LOCKED:
		return REC_CLASS(ZONE_LOCKED, ARG(ctx, 1), ARG(ctx, 2), (u32)ARG(ctx, 3) ? F_OWN : 0);
	case PCPU_DRAIN:
		return REC_CLASS(PCPU_DRAIN, ARG(ctx, 1), ARG(ctx, 2), 0);
	case EXTFRAG:
		return REC_CLASS(EXTFRAG, ARG(ctx, 1), ARG(ctx, 3), 0);
	}
	return REC_CLASS(type, 0, 0, 0);
}

static __always_inline u32 gfp_of(u32 type, void *ctx)
{
	if (type == EXTFRAG)
		return REC_EXTFRAG(ARG(ctx, 2), ARG(ctx, 4));
	return type == ALLOC ? (u32)ARG(ctx, 2) : 0;
}

static __noinline int lose(struct rec_cpu *cpu, u16 cls)
{
	if (cpu)
		count_loss(cpu, bpf_ktime_get_ns(), cls);
	return 0;
}

/* What an allocation is besides its arguments. Return: flags */
static __noinline u32 special_alloc(struct rec_cpu *cpu, u64 ts_ns)
{
	if (cpu && many_nodes)
		tell_policy(cpu, bpf_get_current_task_btf(), ts_ns);
	return not_asked() << 11;
}

static __always_inline u16 flags_of(struct task_struct *task)
{
	u32 flags = task->flags;
	u16 cls = 0;

	if (!(flags & (PF_MEMALLOC | PF_KSWAPD)))
		return 0;
	if (flags & PF_MEMALLOC)
		cls |= REC_CLASS(0, 0, 0, F_PF_MEMALLOC);
	if (flags & PF_KSWAPD)
		cls |= REC_CLASS(0, 0, 0, F_KSWAPD);
	return cls;
}

/*
 * In this order, and volatile: the class replaces the address's upper 16 bits in memory because the verifier
 * forbids to do it in a register.
 */
static __always_inline void fill(struct rec_event *e, u64 ts_ns, u32 type, u16 flags, void *ctx,
				 const struct seen *seen)
{
	*(volatile u64 *)&e->ts_ns = ts_ns;
	*(volatile u64 *)&e->page = seen ? seen->page : ARG(ctx, 0);
	*(volatile u16 *)&e->cls = (seen ? seen->cls : class_of(type, ctx)) | flags;
	*(volatile u32 *)&e->gfp = seen ? seen->gfp : gfp_of(type, ctx);
}

/* Where a program may be interrupted by itself, and for what is so rare that it has no lane. */
static __always_inline int put_in_ring(void *ctx, struct rec_cpu *cpu, u32 type, u16 flags,
				       const struct seen *seen)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 nr = bpf_get_smp_processor_id(), context = REC_CONTEXT(task->pid, 0);
	void *ring = bpf_map_lookup_elem(&rings, &nr);
	struct rec_event *e;
	u64 ts_ns;

	if (cpu->mode & REC_TELL_INTERRUPTS && frame_address() - (u64)task->stack >= REC_STACK_BYTES) {
		context = REC_CONTEXT(task->pid, 1);
		flags |= REC_CLASS(0, 0, 0, F_SOFTIRQ);
	}
	ts_ns = context == cpu->context ? bpf_ktime_get_ns() : tell_change(cpu, context, type | flags);
	if (!ts_ns)
		return 0;
	if (type == ALLOC && cpu->mode & REC_SPECIAL_ALLOCS)
		flags |= special_alloc(cpu, ts_ns);
	e = ring ? bpf_ringbuf_reserve(ring, sizeof(*e), 0) : NULL;
	if (!e)
		return lose(cpu, flags);
	fill(e, ts_ns, type, flags | flags_of(task), ctx, seen);
	e->tid = task->pid;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	__sync_fetch_and_add(&cpu->nr_in_ring, 1);
	if (context != cpu->context)
		tell_counts(cpu, ts_ns, context, type);
	return 0;
}

/*
 * A program is alone with its lane: plain stores do, the head last, for slots before it are read. x86 keeps the
 * order of stores, and elsewhere lanes are not used.
 *
 * A BTF tracepoint's arguments are on the stack that the program runs on, a classic one's are not. Their
 * address goes through memory, for the verifier allows no arithmetic on it in a register.
 */
static __always_inline int put_in_lane(void *ctx, struct rec_cpu *cpu, struct task_struct *task, u64 ts_ns,
				       u32 type, u16 flags, u32 lane, const struct seen *seen)
{
	struct rec_event *e = next_slot(cpu, lane);
	u32 context = REC_CONTEXT(task->pid, 0);
	u64 address;

	if (!e)
		return use_lanes ? lose(cpu, flags) : put_in_ring(ctx, cpu, type, flags, seen);
	if (cpu->mode & REC_TELL_INTERRUPTS) {
		*(volatile u64 *)&e->page = (u64)ctx;
		address = seen ? frame_address() : *(volatile u64 *)&e->page;
		context |= address - (u64)task->stack >= REC_STACK_BYTES;
	}
	*(volatile u32 *)&e->tid = context;
	if (context != cpu->context) {
		ts_ns = tell_change(cpu, context, type | flags);
		if (!ts_ns)
			return 0;
	}
	if (type == ALLOC && cpu->mode & REC_SPECIAL_ALLOCS)
		flags |= special_alloc(cpu, ts_ns);
	fill(e, ts_ns, type, flags | flags_of(task), ctx, seen);
	++*(volatile u32 *)&REC_ENDS(cpu, lane)->head;
	if (context != *(volatile u32 *)&cpu->context)
		tell_counts(cpu, ts_ns, context, type);
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
/*
 * The clock first: it waits for all loads before it, and for none behind it. And the calls first, for what is
 * behind them may be in any register.
 */
static __always_inline int first(void *ctx, u32 type, const struct seen *seen)
{
	u64 ts_ns = bpf_ktime_get_ns();
	struct task_struct *task = bpf_get_current_task_btf();
	u32 nr = bpf_get_smp_processor_id(), mode;
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);

	if (!cpu)
		return 0;
	mode = *(volatile u32 *)&cpu->mode;
	if (!(mode & (REC_ON | REC_PAUSED)))
		return 0;
	*(volatile u64 *)&cpu->firsts[type].page = seen ? seen->page : ARG(ctx, 0);
	return mode & REC_ON ? put_in_lane(ctx, cpu, task, ts_ns, type, 0, type, seen) : lose(cpu, 0);
}

/* What a later program records. */
static __always_inline int put_later(void *ctx, struct rec_cpu *cpu, u32 type, u32 lane,
				     const struct seen *seen)
{
	if (!(cpu->mode & REC_ON))
		return lose(cpu, REC_CLASS_SECOND);
	if (lane >= REC_NR_LANES)
		return put_in_ring(ctx, cpu, type, REC_CLASS_SECOND, seen);
	return put_in_lane(ctx, cpu, bpf_get_current_task_btf(), bpf_ktime_get_ns(), type, REC_CLASS_SECOND,
			   lane, seen);
}

/* The second programs of events under zone->lock, and the third ones, save little: they have no lane. */
#define LATER_LANE(lane, type) ((type) < ZONE_LOCKED ? (lane) + (type) : REC_NR_LANES)

/* The last program takes the note away: it must not speak for a later event of the same page. */
static __always_inline int second(void *ctx, u32 type)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);
	volatile u64 *last;

	if (!cpu)
		return 0;
	last = (volatile u64 *)&cpu->firsts[type].page;
	if (*last == ARG(ctx, 0)) {
		if (!(cpu->mode & REC_HAVE_THIRD))
			*last = REC_NO_PAGE;
		return 0;
	}
	if (!(cpu->mode & (REC_ON | REC_PAUSED)))
		return 0;
	if (cpu->mode & REC_HAVE_THIRD)
		*last = ARG(ctx, 0);
	return put_later(ctx, cpu, type, LATER_LANE(REC_LANE_SECOND, type), NULL);
}

static __always_inline int third(void *ctx, u64 pfn, u16 cls, u32 gfp)
{
	struct seen seen = {.page = pfn == ~0ULL ? 0 : page_base + pfn * page_size, .cls = cls, .gfp = gfp};
	u32 nr = bpf_get_smp_processor_id(), type = REC_CLASS_TYPE(cls);
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);
	volatile u64 *last;
	u64 noted;

	if (!cpu || !(cpu->mode & (REC_ON | REC_PAUSED)))
		return KEEP_FOR_PERF;
	last = (volatile u64 *)&cpu->firsts[type].page;
	noted = *last;
	*last = REC_NO_PAGE;
	if (noted != seen.page)
		put_later(ctx, cpu, type, LATER_LANE(REC_LANE_THIRD, type), &seen);
	return KEEP_FOR_PERF;
}

SEC("tp_btf/mm_page_alloc")
int mm_page_alloc(void *ctx)
{
	return first(ctx, ALLOC, NULL);
}

SEC("tp_btf/mm_page_alloc")
int mm_page_alloc_2(void *ctx)
{
	return second(ctx, ALLOC);
}

SEC("tp_btf/mm_page_free")
int mm_page_free(void *ctx)
{
	return first(ctx, FREE, NULL);
}

SEC("tp_btf/mm_page_free")
int mm_page_free_2(void *ctx)
{
	return second(ctx, FREE);
}

SEC("tp_btf/mm_page_free_batched")
int mm_page_free_batched(void *ctx)
{
	return first(ctx, FREE_BATCHED, NULL);
}

SEC("tp_btf/mm_page_free_batched")
int mm_page_free_batched_2(void *ctx)
{
	return second(ctx, FREE_BATCHED);
}

SEC("tp/kmem/mm_page_alloc")
int mm_page_alloc_3(struct trace_event_raw_mm_page_alloc *ctx)
{
	return third(ctx, ctx->pfn, REC_CLASS(ALLOC, ctx->order, ctx->migratetype, 0), ctx->gfp_flags);
}

SEC("tp/kmem/mm_page_free")
int mm_page_free_3(struct trace_event_raw_mm_page_free *ctx)
{
	return third(ctx, ctx->pfn, REC_CLASS(FREE, ctx->order, 0, 0), 0);
}

SEC("tp/kmem/mm_page_free_batched")
int mm_page_free_batched_3(struct trace_event_raw_mm_page_free_batched *ctx)
{
	return third(ctx, ctx->pfn, REC_CLASS(FREE_BATCHED, 0, 0, 0), 0);
}

/* These fire under zone->lock: with interrupts off, so that nothing can interrupt them, but for PREEMPT_RT. */
SEC("tp_btf/mm_page_alloc_zone_locked")
int mm_page_alloc_zone_locked(void *ctx)
{
	return first(ctx, ZONE_LOCKED, NULL);
}

SEC("tp_btf/mm_page_alloc_zone_locked")
int mm_page_alloc_zone_locked_2(void *ctx)
{
	return second(ctx, ZONE_LOCKED);
}

SEC("tp_btf/mm_page_pcpu_drain")
int mm_page_pcpu_drain(void *ctx)
{
	return first(ctx, PCPU_DRAIN, NULL);
}

SEC("tp_btf/mm_page_pcpu_drain")
int mm_page_pcpu_drain_2(void *ctx)
{
	return second(ctx, PCPU_DRAIN);
}

SEC("tp/kmem/mm_page_alloc_zone_locked")
int mm_page_alloc_zone_locked_3(struct trace_event_raw_mm_page *ctx)
{
	u32 flags = ctx->percpu_refill ? F_OWN : 0;

	return third(ctx, ctx->pfn, REC_CLASS(ZONE_LOCKED, ctx->order, ctx->migratetype, flags), 0);
}

SEC("tp/kmem/mm_page_pcpu_drain")
int mm_page_pcpu_drain_3(struct trace_event_raw_mm_page_pcpu_drain *ctx)
{
	return third(ctx, ctx->pfn, REC_CLASS(PCPU_DRAIN, ctx->order, ctx->migratetype, 0), 0);
}

/*
 * The classic form of this one, for the kernel computes change_ownership while it fills the
 * classic record: it is not among the tracepoint's arguments.
 */
SEC("tp/kmem/mm_page_alloc_extfrag")
int mm_page_alloc_extfrag(struct trace_event_raw_mm_page_alloc_extfrag *ctx)
{
	u32 flags = ctx->change_ownership ? F_OWN : 0;
	struct seen seen = {
		.page = ctx->pfn,
		.cls = REC_CLASS(EXTFRAG, ctx->alloc_order, ctx->alloc_migratetype, flags),
		.gfp = REC_EXTFRAG(ctx->fallback_order, ctx->fallback_migratetype) | REC_EXTFRAG_IS_PFN,
	};

	first(ctx, EXTFRAG, &seen);
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

	if (cpu && cpu->mode & (REC_ON | REC_PAUSED))
		__sync_fetch_and_add(&cpu->extfrag_seen, 1);
	return 0;
}

/* Where tracefs cannot be read, what remains of the event. */
SEC("tp_btf/mm_page_alloc_extfrag")
int mm_page_alloc_extfrag_raw(void *ctx)
{
	return first(ctx, EXTFRAG, NULL);
}

/* A task that changes its name without leaving its CPU (exec does) is told to the ring again. */
SEC("tp_btf/task_rename")
int BPF_PROG(task_rename)
{
	u32 nr = bpf_get_smp_processor_id();
	struct rec_cpu *cpu = bpf_map_lookup_elem(&cpus, &nr);

	if (cpu) {
		cpu->last_tid = REC_NO_TID;
		cpu->context = REC_NO_CONTEXT;
	}
	return 0;
}

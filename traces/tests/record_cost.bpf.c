// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others' programs on the page tracepoints could do, for comparison: count; read the clock, too; have a
 * second one on frees; put 24 bytes into a ring that is the kernel's own kind.
 */
#include "traces/record/vmlinux_subset.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define MAX_CPUS 64

/* One for each of the two CPUs that are measured. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
};
struct ring ring_0 SEC(".maps");
struct ring ring_1 SEC(".maps");

struct {
	__u64 nr;
	__u64 last_ns;
	__u64 pad[6];
} counts[MAX_CPUS];

__u64 nr_lost;

struct event {
	__u64 ts_ns, page;
	__u32 gfp, tid;
};

static __always_inline int count(void)
{
	counts[bpf_get_smp_processor_id() & (MAX_CPUS - 1)].nr++;
	return 0;
}

static __always_inline int timed(void)
{
	u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1);

	counts[cpu].nr++;
	counts[cpu].last_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int put(__u64 page, __u16 what, __u32 gfp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct event *e;

	if (bpf_get_smp_processor_id() == 0)
		e = bpf_ringbuf_reserve(&ring_0, sizeof(*e), 0);
	else
		e = bpf_ringbuf_reserve(&ring_1, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&nr_lost, 1);
		return 0;
	}
	e->ts_ns = bpf_ktime_get_ns();
	*(volatile __u64 *)&e->page = page;
	/* Over the address's upper bits, as the recorder does. */
	*(volatile __u16 *)((__u16 *)&e->page + 3) = what;
	e->gfp = gfp;
	e->tid = task->pid;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

#define PROGRAM(group, name, body)                                                                             \
	SEC("tp_btf/" #name) int group##_##name(void *ctx)                                                     \
	{                                                                                                      \
		return body();                                                                                 \
	}

PROGRAM(count, mm_page_alloc, count)
PROGRAM(count, mm_page_free, count)
PROGRAM(count, mm_page_free_batched, count)
PROGRAM(count, mm_page_alloc_zone_locked, count)
PROGRAM(count, mm_page_pcpu_drain, count)
PROGRAM(count, mm_page_alloc_extfrag, count)

PROGRAM(timed, mm_page_alloc, timed)
PROGRAM(timed, mm_page_free, timed)
PROGRAM(timed, mm_page_free_batched, timed)
PROGRAM(timed, mm_page_alloc_zone_locked, timed)
PROGRAM(timed, mm_page_pcpu_drain, timed)
PROGRAM(timed, mm_page_alloc_extfrag, timed)

PROGRAM(again, mm_page_free, count)

SEC("tp_btf/mm_page_alloc")
int BPF_PROG(ring_mm_page_alloc, struct page *page, unsigned int order, u32 gfp, int type)
{
	return put((u64)page, order << 8 | type, gfp);
}

SEC("tp_btf/mm_page_free")
int BPF_PROG(ring_mm_page_free, struct page *page, unsigned int order)
{
	return put((u64)page, 1 << 4 | order << 8, 0);
}

SEC("tp_btf/mm_page_free_batched")
int BPF_PROG(ring_mm_page_free_batched, struct page *page)
{
	return put((u64)page, 2 << 4, 0);
}

SEC("tp_btf/mm_page_alloc_zone_locked")
int BPF_PROG(ring_mm_page_alloc_zone_locked, struct page *page, unsigned int order, int type)
{
	return put((u64)page, 3 << 4 | order << 8 | type, 0);
}

SEC("tp_btf/mm_page_pcpu_drain")
int BPF_PROG(ring_mm_page_pcpu_drain, struct page *page, unsigned int order, int type)
{
	return put((u64)page, 4 << 4 | order << 8 | type, 0);
}

SEC("tp_btf/mm_page_alloc_extfrag")
int BPF_PROG(ring_mm_page_alloc_extfrag, struct page *page, int order, int fallback_order, int type)
{
	return put((u64)page, 5 << 4 | order << 8 | type, fallback_order);
}

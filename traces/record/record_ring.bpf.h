/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a program puts a record into the ring of its CPU; shared by the page events' programs and those
 * of everything else. Both objects use the same two maps.
 */
#ifndef MMR_TRACES_RECORD_RING_BPF_H
#define MMR_TRACES_RECORD_RING_BPF_H

#include "traces/record/vmlinux_subset.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "traces/record/record.h"

/* include/linux/sched.h; macros, so not in BTF, and the same since 4.9. */
#define PF_MEMALLOC 0x00000800
#define PF_KSWAPD   0x00020000

/* Numbers of enum trace_event_flags, which are part of the file format. */
enum {
	F_OWN = 1 << 0,
	F_PF_MEMALLOC = 1 << 1,
	F_KSWAPD = 1 << 2,
	F_SOFTIRQ = 1 << 3,
	F_EXTRA = 1 << 5,
};

const volatile bool want_names = true;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* Both maps get their real sizes before loading: one entry per possible CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct rec_cpu);
} cpus SEC(".maps");

static __always_inline void count_loss(struct rec_cpu *cpu, u64 ts_ns, u16 cls)
{
	if (cls & REC_CLASS_SECOND)
		__sync_fetch_and_add(&cpu->lost_second, 1);
	if (!__sync_fetch_and_add(&cpu->lost, 1))
		cpu->gap_begin_ns = ts_ns;
	cpu->gap_end_ns = ts_ns;
	cpu->context = REC_NO_CONTEXT;
}

/*
 * There is room again, and has been for a millisecond: what was lost is told. One lane may be full for
 * long while the others are not; that is one loss, not as many as it has events.
 */
static __noinline void put_loss(void *ring, struct rec_cpu *cpu, u64 ts_ns)
{
	struct rec_loss *r;

	if ((s64)(ts_ns - cpu->gap_end_ns) < 1000000)
		return;
	r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
	if (!r)
		return;
	r->begin_ns = cpu->gap_begin_ns;
	r->end_ns = cpu->gap_end_ns;
	r->nr_events = __sync_lock_test_and_set(&cpu->lost, 0);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __noinline void put_task(void *ring, struct rec_cpu *cpu, u64 ts_ns)
{
	struct rec_task *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
	u64 id = bpf_get_current_pid_tgid();

	if (!r)
		return;
	r->ts_ns = ts_ns;
	r->tid = id;
	r->tgid = id >> 32;
	__builtin_memset(r->comm, 0, sizeof(r->comm));
	if (want_names)
		bpf_get_current_comm(r->comm, sizeof(r->comm));
	cpu->last_tid = id;
	cpu->context = REC_NO_CONTEXT;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/*
 * The address of this very function's frame. Of a function, for since 6.13 a program with more than
 * 64 bytes of its own may have them elsewhere than on the kernel's stack; and through a helper, for
 * the verifier allows no free arithmetic on the address in a register.
 */
static __noinline u64 frame_address(void)
{
	u64 frame, address = 0;

	asm volatile("%0 = r10" : "=r"(frame));
	bpf_probe_read_kernel(&address, sizeof(address), &frame);
	return address;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The least a program on the page tracepoints can do: count. One counter per CPU and program. */
#include "traces/record/vmlinux_subset.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define MAX_CPUS 64

struct {
	__u64 nr;
	__u64 pad[7];
} counts[MAX_CPUS];

static __always_inline int count(void)
{
	counts[bpf_get_smp_processor_id() & (MAX_CPUS - 1)].nr++;
	return 0;
}

SEC("tp_btf/mm_page_alloc")
int count_alloc(void *ctx)
{
	return count();
}

SEC("tp_btf/mm_page_free")
int count_free(void *ctx)
{
	return count();
}

SEC("tp_btf/mm_page_free_batched")
int count_free_batched(void *ctx)
{
	return count();
}

SEC("tp_btf/mm_page_alloc_zone_locked")
int count_zone_locked(void *ctx)
{
	return count();
}

SEC("tp_btf/mm_page_pcpu_drain")
int count_pcpu_drain(void *ctx)
{
	return count();
}

SEC("tp_btf/mm_page_alloc_extfrag")
int count_extfrag(void *ctx)
{
	return count();
}

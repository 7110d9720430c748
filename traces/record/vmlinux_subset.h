/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few kernel types the recorder's BPF programs touch, with only the members they touch.
 * CO-RE moves every access to where the running kernel keeps the member, so neither the order nor
 * the sizes here matter, and no BTF is needed on the machine that builds.
 *
 * A member that only some kernels have is behind bpf_core_field_exists(); one that was renamed
 * has a type of the older name with a suffix behind three underscores, which CO-RE ignores.
 */
#ifndef MMR_TRACES_VMLINUX_SUBSET_H
#define MMR_TRACES_VMLINUX_SUBSET_H
#define __VMLINUX_H__ /* libbpf's headers call members as the kernel does */

typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;

enum { false = 0, true = 1 };

/* From the BPF user interface; their values are part of it. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum {
	BPF_RB_NO_WAKEUP = 1,
};
enum {
	BPF_F_MMAPABLE = 1024,
};

/* What a classic tracepoint's program returns: after 0 the kernel would hide the event from all who use perf on
 * it. */
#define KEEP_FOR_PERF 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

struct list_head {
	struct list_head *next, *prev;
};

typedef struct qspinlock {
	union {
		atomic_t val;
	};
} arch_spinlock_t;

typedef struct raw_spinlock {
	arch_spinlock_t raw_lock;
} raw_spinlock_t;

typedef struct spinlock {
	union {
		struct raw_spinlock rlock;
	};
} spinlock_t;

/* With PREEMPT_RT a spinlock_t is a lock that tasks sleep on; bit 0 of the owner says that some do. */
struct rt_mutex_base___rt {
	struct task_struct *owner;
};
struct spinlock___rt {
	struct rt_mutex_base___rt lock;
};

struct page {
	unsigned long flags;
	union {
		struct {
			union {
				struct list_head lru;
				struct list_head buddy_list;
				struct list_head pcp_list;
			};
			unsigned long private;
		};
	};
};

enum pageflags { PG_head };

/* The second page of a large folio says its order: since 6.6 in its flags, before in a byte. */
struct folio {
	unsigned long _flags_1;
};
struct folio___before_6_6 {
	unsigned char _folio_order;
};

enum zone_stat_item { NR_FREE_PAGES };

struct free_area {
	struct list_head free_list[1];
	unsigned long nr_free;
};

struct per_cpu_pages {
	spinlock_t lock;
	int count;
	int high;
	int high_min; /* since 6.7 */
	int high_max; /* since 6.7 */
	int batch;
	u8 flags; /* since 6.7 */
	u8 alloc_factor; /* since 6.7 */
	u8 expire;
	short free_count; /* since 6.7 */
	struct list_head lists[1];
};

struct per_cpu_pages___before_6_7 {
	short free_factor;
};

struct per_cpu_zonestat {
	signed char vm_stat_diff[1];
	signed char stat_threshold;
};

struct zone {
	unsigned long _watermark[4];
	unsigned long watermark_boost;
	unsigned long nr_reserved_highatomic;
	unsigned long nr_free_highatomic; /* since 6.12 */
	struct pglist_data *zone_pgdat;
	struct per_cpu_pages *per_cpu_pageset;
	struct per_cpu_zonestat *per_cpu_zonestats;
	unsigned long zone_start_pfn;
	unsigned long spanned_pages;
	struct free_area free_area[1];
	unsigned long flags;
	spinlock_t lock;
	atomic64_t vm_stat[1];
};

struct pglist_data {
	struct zone node_zones[1];
	int nr_zones;
	int node_id;
	struct task_struct *kswapd;
};

struct mem_section {
	unsigned long section_mem_map;
	struct mem_section_usage *usage;
};

struct mem_section_usage {
	unsigned long pageblock_flags[1];
};

/* Which of the last two there is depends on the kernel; their values come from it. */
enum pageblock_bits { PB_migrate_isolate, NR_PAGEBLOCK_BITS, __NR_PAGEBLOCK_BITS };

struct kthread {
	void *data;
};

typedef struct {
	unsigned long bits[1];
} nodemask_t;

struct mempolicy {
	unsigned short mode;
	unsigned short flags;
	nodemask_t nodes;
};

struct alloc_context {
	int migratetype;
};

struct compact_control {
	unsigned long free_pfn, migrate_pfn;
};

struct task_struct {
	void *stack;
	struct mempolicy *mempolicy;
	nodemask_t mems_allowed;
	unsigned int flags;
	int pid;
	int tgid;
	void *worker_private;
	char comm[16];
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_map;
struct bpf_array {
	union {
		void *pptrs[1];
	};
};

/* The context of kprobes: where the first arguments are, and the stack. */
struct pt_regs {
	unsigned long di, si, dx, cx, sp; /* x86 */
};
struct user_pt_regs {
	u64 regs[31], sp; /* arm64 */
};

/* The context of the classic tracepoints that are used. */
struct trace_event_raw_mm_page_alloc {
	unsigned long pfn;
	unsigned int order;
	unsigned long gfp_flags;
	int migratetype;
};
struct trace_event_raw_mm_page_free {
	unsigned long pfn;
	unsigned int order;
};
struct trace_event_raw_mm_page_free_batched {
	unsigned long pfn;
};
struct trace_event_raw_mm_page {
	unsigned long pfn;
	unsigned int order;
	int migratetype, percpu_refill;
};
struct trace_event_raw_mm_page_pcpu_drain {
	unsigned long pfn;
	unsigned int order;
	int migratetype;
};
struct trace_event_raw_mm_page_alloc_extfrag {
	unsigned long pfn;
	int alloc_order, fallback_order;
	int alloc_migratetype, fallback_migratetype;
	int change_ownership;
};

#pragma clang attribute pop

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary of the page allocator: migratetypes, zones, watermarks, gfp flags.
 *
 * Names are those of Linux 6.12. Values are this project's stable codes: they do not change when
 * a kernel renumbers (CMA shifts ISOLATE, gfp tail bits move with the configuration). A recording
 * is translated into them by name (traces/gfp_map.h), so everything behind the trace speaks one
 * language.
 */
#ifndef MMR_CORE_MM_TYPES_H
#define MMR_CORE_MM_TYPES_H

#include <stdint.h>

#define PAGE_SHIFT              12
#define MAX_PAGE_ORDER          10 /* 6.1 calls 11, the exclusive bound, MAX_ORDER */
#define NR_PAGE_ORDERS          (MAX_PAGE_ORDER + 1)
#define MAX_ORDER_NR_PAGES      (1u << MAX_PAGE_ORDER)
#define PAGE_ALLOC_COSTLY_ORDER 3
#define PAGEBLOCK_ORDER         9
#define PAGEBLOCK_NR_PAGES      (1u << PAGEBLOCK_ORDER)
#define HPAGE_PMD_ORDER         9

#define NUMA_NO_NODE (-1)
#define MAX_NUMNODES 64 /* nodes of a modelled machine; a nodemask is one word */

/** MMR_NO_PFN - "no page". PFNs are 32 bit: 16 TiB of physical address space less one page. */
#define MMR_NO_PFN UINT32_MAX

/* Source: enum migratetype, include/linux/mmzone.h, v6.12 with CONFIG_CMA. */
enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES, /* number of types on the per-CPU lists */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};

/* Source: enum zone_type, include/linux/mmzone.h; here every configuration's zones have a number. */
enum zone_type {
	ZONE_DMA,
	ZONE_DMA32,
	ZONE_NORMAL,
	ZONE_HIGHMEM, /* 32-bit machines only; empty elsewhere */
	ZONE_MOVABLE,
	ZONE_DEVICE,
	MAX_NR_ZONES
};

/* Source: enum zone_watermarks, include/linux/mmzone.h, since 5.18. */
enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO, NR_WMARK };

/* Source: include/linux/mmzone.h, v6.12: orders 0..3 by type, then two lists for HPAGE_PMD_ORDER. */
#define NR_LOWORDER_PCP_LISTS (MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1))
#define NR_PCP_THP            2
#define NR_PCP_LISTS          (NR_LOWORDER_PCP_LISTS + NR_PCP_THP)

/**
 * typedef gfp_t - allocation flags in the stable code below
 *
 * MMR_GFP_X stands for the kernel's __GFP_X. Bits 0..23 equal the kernel's since 6.1 (bit 9 is
 * __GFP_ATOMIC up to 6.2 and unused later); the tail is ours.
 * Source: include/linux/gfp_types.h, v6.1 and v6.12.
 */
typedef uint32_t gfp_t;

#define MMR_GFP_DMA            0x1u
#define MMR_GFP_HIGHMEM        0x2u
#define MMR_GFP_DMA32          0x4u
#define MMR_GFP_MOVABLE        0x8u
#define MMR_GFP_RECLAIMABLE    0x10u
#define MMR_GFP_HIGH           0x20u
#define MMR_GFP_IO             0x40u
#define MMR_GFP_FS             0x80u
#define MMR_GFP_ZERO           0x100u
#define MMR_GFP_ATOMIC         0x200u
#define MMR_GFP_DIRECT_RECLAIM 0x400u
#define MMR_GFP_KSWAPD_RECLAIM 0x800u
#define MMR_GFP_WRITE          0x1000u
#define MMR_GFP_NOWARN         0x2000u
#define MMR_GFP_RETRY_MAYFAIL  0x4000u
#define MMR_GFP_NOFAIL         0x8000u
#define MMR_GFP_NORETRY        0x10000u
#define MMR_GFP_MEMALLOC       0x20000u
#define MMR_GFP_COMP           0x40000u
#define MMR_GFP_NOMEMALLOC     0x80000u
#define MMR_GFP_HARDWALL       0x100000u
#define MMR_GFP_THISNODE       0x200000u
#define MMR_GFP_ACCOUNT        0x400000u
#define MMR_GFP_ZEROTAGS       0x800000u
#define MMR_GFP_NOLOCKDEP      0x1000000u
#define MMR_GFP_NO_OBJ_EXT     0x2000000u
#define MMR_GFP_SKIP_ZERO      0x4000000u
#define MMR_GFP_SKIP_KASAN     0x8000000u
#define MMR_GFP_KNOWN          0xfffffffu /* every bit that has a name here */

#define MMR_GFP_ZONEMASK (MMR_GFP_DMA | MMR_GFP_HIGHMEM | MMR_GFP_DMA32 | MMR_GFP_MOVABLE)
#define MMR_GFP_RECLAIM  (MMR_GFP_DIRECT_RECLAIM | MMR_GFP_KSWAPD_RECLAIM)

/* GFP_X stands for the kernel's GFP_X as of 6.12. */
#define MMR_GFP_ATOMIC_MASK      (MMR_GFP_HIGH | MMR_GFP_KSWAPD_RECLAIM)
#define MMR_GFP_NOWAIT_MASK      (MMR_GFP_KSWAPD_RECLAIM | MMR_GFP_NOWARN)
#define MMR_GFP_KERNEL           (MMR_GFP_RECLAIM | MMR_GFP_IO | MMR_GFP_FS)
#define MMR_GFP_USER             (MMR_GFP_KERNEL | MMR_GFP_HARDWALL)
#define MMR_GFP_HIGHUSER         (MMR_GFP_USER | MMR_GFP_HIGHMEM)
#define MMR_GFP_HIGHUSER_MOVABLE (MMR_GFP_HIGHUSER | MMR_GFP_MOVABLE)
#define MMR_GFP_TRANSHUGE_LIGHT                                                                                \
	((MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_COMP | MMR_GFP_NOMEMALLOC | MMR_GFP_NOWARN) & ~MMR_GFP_RECLAIM)

#endif

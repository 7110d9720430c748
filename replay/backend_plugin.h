/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An allocator of one's own, for `mmreplay run --backend ./liballoc.so`.
 *
 * A shared object exports one symbol, `mmr_backend_plugin`, of type struct mmr_plugin. mmreplay hands it a
 * machine, asks it for pages and gives them back in the order of the recording, checks every page it
 * returns and measures every call. This header needs nothing but C11: copy it, or include it from the
 * source tree. examples/firstfit.c is a complete allocator; `mmreplay backend-check ./liballoc.so` puts
 * one through what a replay expects of it.
 *
 * Versions. MMR_PLUGIN_VERSION changes where a plug-in of the old version would misbehave, and then it is
 * refused. What is added at the end of a structure does not change it: @struct_size tells how much of it
 * the plug-in was built with, and what lies behind counts as zero.
 */
#ifndef MMR_REPLAY_BACKEND_PLUGIN_H
#define MMR_REPLAY_BACKEND_PLUGIN_H

#include <stdint.h>

#define MMR_PLUGIN_VERSION   1
#define MMR_PLUGIN_SYMBOL    "mmr_backend_plugin"
#define MMR_PLUGIN_MAX_ORDER 10
#define MMR_PLUGIN_NO_PAGE   UINT64_MAX

/** struct mmr_plugin_range - usable memory: [start_pfn, start_pfn + nr_pages), pages of 4 KiB */
struct mmr_plugin_range {
	uint64_t start_pfn, nr_pages;
	uint32_t node;
	uint32_t zone; /* 0 DMA, 1 DMA32, 2 Normal, 3 HighMem, 4 Movable */
};

/**
 * struct mmr_plugin_machine - what to allocate from; all of it is free at the beginning
 * @ranges: [nr_ranges], ascending and disjoint
 * @cpu_node: [nr_cpus];  @distance: [nr_nodes * nr_nodes], 10 is local
 *
 * Borrowed during create() only.
 */
struct mmr_plugin_machine {
	uint32_t struct_size;
	uint32_t nr_nodes, nr_cpus, nr_ranges;
	const struct mmr_plugin_range *ranges;
	const uint16_t *cpu_node;
	const uint8_t *distance;
};

/** enum mmr_plugin_type - may the pages be moved later? */
enum mmr_plugin_type { MMR_PLUGIN_UNMOVABLE, MMR_PLUGIN_MOVABLE, MMR_PLUGIN_RECLAIMABLE };

/**
 * struct mmr_plugin_request - 2^order pages, at a multiple of their number
 * @node: preferred: the one asked for, else the CPU's own; -1 never
 * @gfp: flags in the stable code of core/mm_types.h, for who wants them
 */
struct mmr_plugin_request {
	uint32_t order;
	uint32_t cpu;
	int32_t node;
	uint32_t type; /* enum mmr_plugin_type */
	uint32_t gfp;
};

/**
 * struct mmr_plugin - the allocator
 * @version: MMR_PLUGIN_VERSION;  @struct_size: sizeof(struct mmr_plugin)
 * @create: an allocator for @machine, into *ctx. The same @seed must give the same allocator.
 *	Return: 0, or a negative errno.
 * @destroy: undo @create
 * @alloc: first page frame of the block, or MMR_PLUGIN_NO_PAGE: a refusal, which is counted
 * @free: a block that @alloc returned, or a piece of one after @split. Return: 0; anything else fails
 *	the replay.
 * @split: the block at @pfn will be freed in pieces of @new_order. NULL: @free takes any aligned piece.
 * @tick: one second of the recording has passed for @cpu; may be NULL
 * @metadata_bytes: memory for its own bookkeeping; may be NULL
 *
 * All calls come from one thread, and none after one of them has failed but @destroy.
 */
struct mmr_plugin {
	uint32_t version;
	uint32_t struct_size;
	const char *name;
	const char *summary;
	int (*create)(const struct mmr_plugin_machine *machine, uint64_t seed, void **ctx);
	void (*destroy)(void *ctx);
	uint64_t (*alloc)(void *ctx, const struct mmr_plugin_request *request);
	int (*free)(void *ctx, uint64_t pfn, uint32_t order, uint32_t cpu);
	int (*split)(void *ctx, uint64_t pfn, uint32_t order, uint32_t new_order);
	void (*tick)(void *ctx, uint32_t cpu);
	uint64_t (*metadata_bytes)(void *ctx);
};

/** MMR_PLUGIN_DEFINE - export @... as this shared object's backend */
#define MMR_PLUGIN_DEFINE(...)                                                                                 \
	__attribute__((visibility("default"))) const struct mmr_plugin mmr_backend_plugin = {                  \
		.version = MMR_PLUGIN_VERSION, .struct_size = sizeof(struct mmr_plugin), __VA_ARGS__}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Backends that are not compiled in: a shared object is loaded, its version checked, its pages renumbered. */
#include "replay/backend_plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "replay/backend/backend.h"
#include "replay/backend/backend_guard.h"

/* The table comes first: a pointer to one is a pointer to the other. */
struct loaded {
	struct backend table;
	struct mmr_plugin plugin;
	void *library;
};

/* One allocator of a plug-in. */
struct instance {
	const struct mmr_plugin *plugin;
	void *ctx;
	uint16_t *cpu_node;
};

static struct mmr_page plugin_alloc(void *ctx, const struct mmr_request *request)
{
	const struct instance *instance = ctx;
	const struct mmr_plugin_request ask = {
		.order = request->order,
		.cpu = request->cpu,
		.node = request->nid >= 0 ? request->nid : instance->cpu_node[request->cpu],
		.type = request->gfp & MMR_GFP_MOVABLE       ? MMR_PLUGIN_MOVABLE
			: request->gfp & MMR_GFP_RECLAIMABLE ? MMR_PLUGIN_RECLAIMABLE
							     : MMR_PLUGIN_UNMOVABLE,
		.gfp = request->gfp,
	};
	uint64_t pfn = instance->plugin->alloc(instance->ctx, &ask);

	if (pfn == MMR_PLUGIN_NO_PAGE)
		return (struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED};
	/* What has more than 32 bits is out of every machine's range: the check behind this says so. */
	return (struct mmr_page){.pfn = pfn < MMR_NO_PFN ? (uint32_t)pfn : MMR_NO_PFN & ~1023u,
				 .path = MMR_PATH_BUDDY};
}

static int plugin_free(void *ctx, uint32_t pfn, unsigned int order, unsigned int cpu, uint8_t *path)
{
	const struct instance *instance = ctx;

	*path = MMR_PATH_FREE_BUDDY;
	return instance->plugin->free(instance->ctx, pfn, order, cpu);
}

static int plugin_split(void *ctx, uint32_t pfn, unsigned int order, unsigned int new_order)
{
	const struct instance *instance = ctx;

	return instance->plugin->split ? instance->plugin->split(instance->ctx, pfn, order, new_order) : 0;
}

static void plugin_tick(void *ctx, unsigned int cpu)
{
	const struct instance *instance = ctx;

	if (instance->plugin->tick)
		instance->plugin->tick(instance->ctx, cpu);
}

static uint64_t plugin_bytes(void *ctx)
{
	const struct instance *instance = ctx;

	return instance->plugin->metadata_bytes ? instance->plugin->metadata_bytes(instance->ctx) : 0;
}

static void plugin_destroy(void *ctx)
{
	struct instance *instance = ctx;

	if (instance->ctx)
		instance->plugin->destroy(instance->ctx);
	free(instance->cpu_node);
	free(instance);
}

/* Usable RAM cut where zones end, so that each piece has a node and a zone. */
static unsigned int zone_pieces(const struct mmr_machine_config *cfg, const struct mmr_mem_range *range,
				struct mmr_plugin_range *pieces)
{
	unsigned int nr = 0;

	for (unsigned int n = 0; n < cfg->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &cfg->nodes[n].zones[z];
			uint64_t from = range->start_pfn, to = from + range->nr_pages;
			uint64_t zone_end = (uint64_t)zone->start_pfn + zone->spanned_pages;

			from = from > zone->start_pfn ? from : zone->start_pfn;
			to = to < zone_end ? to : zone_end;
			if (zone->spanned_pages && from < to)
				pieces[nr++] = (struct mmr_plugin_range){from, to - from, n, z};
		}
	}
	return nr;
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct mmr_plugin_range *)a)->start_pfn,
		 y = ((const struct mmr_plugin_range *)b)->start_pfn;

	return (x > y) - (x < y);
}

static int describe(const struct mmr_machine_config *cfg, struct mmr_plugin_machine *ret, struct mmr_error *err)
{
	struct mmr_mem_range *ranges;
	struct mmr_plugin_range *pieces;
	unsigned int nr;
	int rc = backend_ranges(cfg, &ranges, &nr, err);

	if (rc)
		return rc;
	pieces = calloc((size_t)nr * cfg->nr_nodes * MAX_NR_ZONES + 1, sizeof(*pieces));
	if (!pieces) {
		free(ranges);
		return mmr_err(err, -ENOMEM, "no memory to describe the machine");
	}
	*ret = (struct mmr_plugin_machine){
		.struct_size = sizeof(*ret),
		.nr_nodes = cfg->nr_nodes,
		.nr_cpus = cfg->nr_cpus,
		.ranges = pieces,
		.cpu_node = cfg->cpu_node,
		.distance = cfg->distance,
	};
	for (unsigned int i = 0; i < nr; i++)
		ret->nr_ranges += zone_pieces(cfg, &ranges[i], pieces + ret->nr_ranges);
	qsort(pieces, ret->nr_ranges, sizeof(*pieces), by_start);
	free(ranges);
	return 0;
}

static int plugin_create(const struct backend *self, const struct mmr_machine_config *cfg, uint64_t seed,
			 void **ctx, struct mmr_error *err)
{
	const struct mmr_plugin *plugin = &((const struct loaded *)self)->plugin;
	struct instance *instance = calloc(1, sizeof(*instance));
	struct mmr_plugin_machine machine;
	int rc;

	if (!instance)
		return mmr_err(err, -ENOMEM, "no memory");
	instance->plugin = plugin;
	instance->cpu_node = calloc(cfg->nr_cpus, sizeof(*instance->cpu_node));
	rc = instance->cpu_node ? describe(cfg, &machine, err) : mmr_err(err, -ENOMEM, "no memory");
	if (rc) {
		plugin_destroy(instance);
		return rc;
	}
	memcpy(instance->cpu_node, cfg->cpu_node, cfg->nr_cpus * sizeof(*instance->cpu_node));
	rc = plugin->create(&machine, seed, &instance->ctx);
	free((void *)machine.ranges);
	if (rc) {
		instance->ctx = NULL;
		plugin_destroy(instance);
		return mmr_err(err, rc < 0 ? rc : -EINVAL, "its create() failed with %d", rc);
	}
	*ctx = instance;
	return 0;
}

/* Symbol and version first: nothing behind them means anything where they are others. */
static int check_plugin(const char *path, const struct mmr_plugin *plugin, struct mmr_error *err)
{
	const size_t least = offsetof(struct mmr_plugin, split);

	if (!plugin)
		return mmr_err(
			err, -EINVAL,
			"backend %s: has no symbol \"%s\", expected one that MMR_PLUGIN_DEFINE() exports", path,
			MMR_PLUGIN_SYMBOL);
	if (plugin->version != MMR_PLUGIN_VERSION)
		return mmr_err(err, -EINVAL, "backend %s: interface version %u, expected %u: build it anew",
			       path, plugin->version, MMR_PLUGIN_VERSION);
	if (plugin->struct_size < least)
		return mmr_err(err, -EINVAL, "backend %s: its table has %u bytes, expected at least %zu", path,
			       plugin->struct_size, least);
	if (!plugin->create || !plugin->destroy || !plugin->alloc || !plugin->free)
		return mmr_err(err, -EINVAL,
			       "backend %s: a function is missing, expected create, destroy, alloc and free",
			       path);
	return 0;
}

int backend_plugin_open(const char *path, const struct backend **ret, struct mmr_error *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	const struct mmr_plugin *plugin;
	int rc;

	if (!loaded)
		return mmr_err(err, -ENOMEM, "backend %s: no memory", path);
	loaded->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!loaded->library) {
		free(loaded);
		return mmr_err(err, -EINVAL, "backend %s: cannot load: %s", path, dlerror());
	}
	plugin = dlsym(loaded->library, MMR_PLUGIN_SYMBOL);
	rc = check_plugin(path, plugin, err);
	if (rc) {
		dlclose(loaded->library);
		free(loaded);
		return rc;
	}
	memcpy(&loaded->plugin, plugin,
	       plugin->struct_size < sizeof(*plugin) ? plugin->struct_size : sizeof(*plugin));
	loaded->table = (struct backend){
		.name = plugin->name ? plugin->name : path,
		.summary = plugin->summary ? plugin->summary : "a shared object",
		.kind = BACKEND_OPS,
		.create = plugin_create,
		.destroy = plugin_destroy,
		.alloc = plugin_alloc,
		.free = plugin_free,
		.split = plugin_split,
		.tick = plugin_tick,
		.bytes = plugin_bytes,
	};
	*ret = &loaded->table;
	return 0;
}

bool backend_is_plugin(const struct backend *backend)
{
	return backend->create == plugin_create;
}

void backend_plugin_close(const struct backend *backend)
{
	struct loaded *loaded = (struct loaded *)backend;

	dlclose(loaded->library);
	free(loaded);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Zonelists: in which order a node's requests try the zones of the machine. */
#include <assert.h>

#include "core/internal.h"

#define PENALTY_FOR_NODE_WITH_CPUS 1

/*
 * struct node_order - state of one rebuild
 * @node_load: how often a node already heads a group of equal distance; spreads the fallback of
 *	different nodes over equally far ones
 */
struct node_order {
	const struct mmr_machine *m;
	uint32_t node_load[MAX_NUMNODES];
};

static bool node_has_memory(const struct mmr_machine *m, unsigned int nid)
{
	return m->nodes[nid].node_present_pages != 0;
}

/*
 * The next node for @local's list: itself, then the cheapest not yet @used.
 *
 * Return: -1 where all nodes with memory are in.
 * Source: find_next_best_node(), mm/page_alloc.c, v6.12.
 */
static int find_next_best_node(const struct node_order *o, unsigned int local, uint64_t *used)
{
	uint64_t min_val = UINT64_MAX;
	int best = -1;

	if (!(*used >> local & 1) && node_has_memory(o->m, local)) {
		*used |= (uint64_t)1 << local;
		return (int)local;
	}
	for (unsigned int n = 0; n < o->m->nr_nodes; n++) {
		uint64_t val;

		if ((*used >> n & 1) || !node_has_memory(o->m, n))
			continue;
		val = node_distance(o->m, local, n);
		val += n < local;
		if (!o->m->boot_zonelists && o->m->nodes[n].nr_cpus)
			val += PENALTY_FOR_NODE_WITH_CPUS;
		val = val * MAX_NUMNODES + o->node_load[n];
		if (val < min_val) {
			min_val = val;
			best = (int)n;
		}
	}
	if (best >= 0)
		*used |= (uint64_t)1 << best;
	return best;
}

/* Populated zones of a node, highest first. Source: build_zonerefs_node(), v6.12. */
static struct zoneref *build_zonerefs_node(struct pglist_data *pgdat, struct zoneref *zonerefs)
{
	for (int i = MAX_NR_ZONES - 1; i >= 0; i--) {
		struct zone *zone = &pgdat->node_zones[i];

		if (populated_zone(zone))
			*zonerefs++ = (struct zoneref){.zone = zone, .zone_idx = i};
	}
	return zonerefs;
}

/* Source: build_zonelists(), mm/page_alloc.c, v6.12. */
static void build_zonelists(struct mmr_machine *m, struct node_order *o, unsigned int local)
{
	struct pglist_data *pgdat = &m->nodes[local];
	struct zoneref *zonerefs = pgdat->node_zonelists[ZONELIST_FALLBACK]._zonerefs;
	unsigned int prev = local;
	uint64_t used = 0;
	int nid;

	while ((nid = find_next_best_node(o, local, &used)) >= 0) {
		if (node_distance(m, local, (unsigned int)nid) != node_distance(m, local, prev))
			o->node_load[nid]++;
		zonerefs = build_zonerefs_node(&m->nodes[nid], zonerefs);
		prev = (unsigned int)nid;
	}
	*zonerefs = (struct zoneref){0};

	zonerefs = pgdat->node_zonelists[ZONELIST_NOFALLBACK]._zonerefs;
	zonerefs = build_zonerefs_node(pgdat, zonerefs);
	*zonerefs = (struct zoneref){0};
}

/*
 * Mobility grouping is pointless where there are fewer pageblocks than a few per type.
 * Source: build_all_zonelists(), mm/page_alloc.c, v6.12.
 */
static bool too_small_to_group(const struct mmr_machine *m)
{
	uint64_t pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];
		uint32_t high = wmark_pages(zone, WMARK_HIGH);

		pages += zone->managed_pages > high ? zone->managed_pages - high : 0;
	}
	return pages < (uint64_t)PAGEBLOCK_NR_PAGES * (m->profile.types == TYPES_6 ? 6 : 5);
}

/* Source: build_all_zonelists(), mm/page_alloc.c, v6.12. */
void build_all_zonelists(struct mmr_machine *m)
{
	struct node_order order = {.m = m};

	assert(m->nr_nodes <= MAX_NUMNODES);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		build_zonelists(m, &order, nid);
	m->page_group_by_mobility_disabled = too_small_to_group(m);
}

/* Answer first_zones_zonelist() once for every request that has no nodemask. */
void build_first_zonerefs(struct mmr_machine *m)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		struct pglist_data *pgdat = &m->nodes[nid];

		for (unsigned int list = 0; list < MAX_ZONELISTS; list++) {
			for (unsigned int bits = 0; bits < 16; bits++)
				pgdat->first_zonerefs[list][bits] = next_zones_zonelist(
					pgdat->node_zonelists[list]._zonerefs, m->gfp_zone[bits], 0);
		}
	}
}

bool mmr_zonelist_read(const struct mmr_machine *m, unsigned int nid, unsigned int index,
		       unsigned int *zone_nid, enum zone_type *zone)
{
	const struct zoneref *z;

	if (nid >= m->nr_nodes)
		return false;
	for (z = m->nodes[nid].node_zonelists[ZONELIST_FALLBACK]._zonerefs; z->zone && index; z++)
		index--;
	if (!z->zone)
		return false;
	*zone_nid = z->zone->node;
	*zone = (enum zone_type)z->zone_idx;
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks and the modelled blocks that answer for them: growing, removing, splitting. */
#include "replay/live_map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define MIN_GROUPS 512

static size_t nr_slots(const struct live_map *map)
{
	return (size_t)map->nr_groups * LIVE_GROUP;
}

static int make_slots(struct live_map *map, uint32_t nr_groups, struct mmr_error *err)
{
	size_t bytes = (size_t)nr_groups * LIVE_GROUP * sizeof(*map->slots);
	/* All of it at once: a page fault each would cost a virtual machine more than the copying. */
	struct live_entry *slots =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (slots == MAP_FAILED)
		return mmr_err(err, -ENOMEM,
			       "live map: no memory for %zu bytes, expected to hold %u live blocks", bytes,
			       map->nr_live);
	/* Every byte 0xff: MMR_NO_PFN, a free slot. */
	memset(slots, 0xff, bytes);
	map->slots = slots;
	map->nr_groups = nr_groups;
	return 0;
}

int live_map_init(struct live_map *map, struct mmr_error *err)
{
	memset(map, 0, sizeof(*map));
	return make_slots(map, MIN_GROUPS, err);
}

void live_map_deinit(struct live_map *map)
{
	if (map->slots)
		munmap(map->slots, nr_slots(map) * sizeof(*map->slots));
	memset(map, 0, sizeof(*map));
}

int live_map_reserve(struct live_map *map, uint32_t nr, struct mmr_error *err)
{
	uint64_t wanted = (uint64_t)map->nr_live + nr;
	struct live_map old = *map;
	uint64_t nr_groups = map->nr_groups;
	int rc;

	while (wanted > nr_groups * LIVE_GROUP / 4 * 3)
		nr_groups += nr_groups / 8;
	if (nr_groups == map->nr_groups)
		return 0;
	if (nr_groups > UINT32_MAX)
		return mmr_err(err, -ENOMEM, "live map: %llu live blocks, expected fewer than 2^32",
			       (unsigned long long)wanted);
	rc = make_slots(map, (uint32_t)nr_groups, err);
	if (rc)
		return rc;
	map->nr_live = 0;
	map->nr_pages = 0;
	for (size_t i = 0; i < nr_slots(&old); i++) {
		if (old.slots[i].recorded != MMR_NO_PFN)
			live_map_add(map, old.slots[i].recorded, old.slots[i].order, old.slots[i].pfn);
	}
	munmap(old.slots, nr_slots(&old) * sizeof(*old.slots));
	return 0;
}

/* Steps from slot @from forwards to slot @to, around the end. */
static size_t distance(size_t from, size_t to, size_t nr)
{
	return to >= from ? to - from : to + nr - from;
}

/* Close the gap by moving later entries of the run back, as far as their own place allows. */
void live_map_remove(struct live_map *map, struct live_entry *entry)
{
	const size_t nr = nr_slots(map);
	size_t gap = (size_t)(entry - map->slots), at = gap;

	map->nr_live--;
	map->nr_pages -= 1ull << entry->order;
	for (;;) {
		size_t home;

		at = at + 1 == nr ? 0 : at + 1;
		if (map->slots[at].recorded == MMR_NO_PFN)
			break;
		home = (size_t)(live_map_slot(map, map->slots[at].recorded) - map->slots);
		/* An entry may move to the gap unless its place lies behind the gap, up to where it is. */
		if (distance(home, at, nr) >= distance(gap, at, nr)) {
			map->slots[gap] = map->slots[at];
			gap = at;
		}
	}
	map->slots[gap].recorded = MMR_NO_PFN;
}

struct live_entry *live_map_covering(const struct live_map *map, uint32_t recorded)
{
	uint32_t last = MMR_NO_PFN;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t head = recorded & ~((1u << order) - 1);
		struct live_entry *entry;

		if (head == last)
			continue;
		last = head;
		entry = live_map_find(map, head);
		if (entry && recorded - head < 1u << entry->order)
			return entry;
	}
	return NULL;
}

int live_map_split(struct live_map *map, uint32_t recorded, unsigned int new_order, struct mmr_error *err)
{
	struct live_entry whole = *live_map_find(map, recorded);
	int rc = live_map_reserve(map, 1u << (whole.order - new_order), err);

	if (rc)
		return rc;
	live_map_remove(map, live_map_find(map, recorded));
	for (uint32_t offset = 0; offset < 1u << whole.order; offset += 1u << new_order)
		live_map_add(map, recorded + offset, new_order,
			     whole.pfn == MMR_NO_PFN ? MMR_NO_PFN : whole.pfn + offset);
	return 0;
}

uint64_t live_map_bytes(const struct live_map *map)
{
	return nr_slots(map) * sizeof(*map->slots);
}

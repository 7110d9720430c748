// SPDX-License-Identifier: GPL-2.0-or-later
/* vmalloc() areas of a replay: gathered from single events, and asked for or given back as a whole. */
#include "replay/engine/vmalloc_areas.h"

#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "replay/engine/engine_internal.h"

/* ---- life -------------------------------------------------------------------------------------- */

int vmalloc_areas_init(struct vmalloc_areas *areas, const struct kernel_profile *profile,
		       struct trace_reader *reader, uint32_t end_pfn, struct mmr_error *err)
{
	const char *release = trace_reader_machine(reader)->kernel_release;
	const struct kernel_profile *recorded = kernel_profile_for_release(release);
	bool large = kernel_profile_is(profile, "vmalloc", "large_first");
	bool were_large = recorded ? kernel_profile_is(recorded, "vmalloc", "large_first") : large;

	*areas = (struct vmalloc_areas){
		.copy_cpus = trace_reader_machine(reader)->nr_cpus,
		.joins = kernel_profile_is(profile, "contig_free", "pieces"),
		.gathers = large && !were_large,
		.cuts = !large && were_large,
	};
	areas->active = areas->joins || areas->gathers || areas->cuts;
	return areas->gathers ? vmalloc_starts_read(reader, end_pfn, &areas->starts, err) : 0;
}

void vmalloc_areas_deinit(struct vmalloc_areas *areas)
{
	for (unsigned int i = 0; i < MAX_AREAS; i++) {
		free(areas->open[i].pfns);
		free(areas->open[i].recorded);
	}
	vmalloc_starts_deinit(&areas->starts);
	memset(areas, 0, sizeof(*areas));
}

/* ---- a call begins, gets longer, ends ---------------------------------------------------------- */

/* Room for one more page. Return: false where there is no memory. */
static bool make_area_room(struct area *area)
{
	uint32_t room = area->room ? area->room * 2 : 64, *pfns, *recorded;

	if (area->nr < area->room)
		return true;
	pfns = realloc(area->pfns, room * sizeof(*pfns));
	area->pfns = pfns ? pfns : area->pfns;
	recorded = realloc(area->recorded, room * sizeof(*recorded));
	area->recorded = recorded ? recorded : area->recorded;
	if (!pfns || !recorded)
		return false;
	area->room = room;
	return true;
}

/* One page of an area has become @pfn, or MMR_NO_PFN. */
static void add_page(struct engine *e, const struct area *area, uint32_t recorded, uint32_t pfn)
{
	const struct alloc_class *cls = engine_class(e, area->first.class_id);
	uint32_t word = live_word(0, LIVE_VMALLOC, area->birth);
	struct trace_event page = area->first;

	page.pfn = recorded;
	page.order = 0;
	engine_make_room(e, &page);
	e->counts.asked[0]++;
	if (pfn == MMR_NO_PFN) {
		e->counts.refused[0]++;
		word = live_word_fated(word, LIVE_REFUSED);
	} else {
		usage_add(&e->usage, pfn, cls->type, 1);
		e->node_allocs[e->node_row[area->request.cpu] + mmr_page_nid(e->core, pfn)]++;
		if (e->pressure.owners)
			engine_own(e, &page, pfn, cls->type);
	}
	live_map_add(&e->map, live_map_touch(&e->map, recorded), pfn, word, 1);
}

/* Ask for @area's pages at once. */
static void ask_for_area(struct engine *e, struct area *area)
{
	unsigned int got = mmr_vmalloc(e->core, &area->request, area->nr, area->pfns);

	for (unsigned int i = 0; i < area->nr; i++)
		add_page(e, area, area->recorded[i], i < got ? area->pfns[i] : MMR_NO_PFN);
	if (e->pressure.owners)
		engine_settle(e);
}

/* It is over; the last one of the table takes its place. */
static void end_call(struct engine *e, struct area *area)
{
	struct area over, *last = &e->areas.open[--e->areas.nr_open];

	if (area->state == AREA_ASKED)
		ask_for_area(e, area);
	else if (area->state == AREA_FREED)
		mmr_free_pages_bulk(e->core, area->pfns, area->nr, area->free_cpu, NULL);
	over = *area;
	*area = *last;
	*last = over;
}

void engine_end_areas(struct engine *e)
{
	while (e->areas.nr_open)
		end_call(e, &e->areas.open[0]);
}

/* The call that the task of @event is in, NULL where it is in none. */
static struct area *area_of(struct vmalloc_areas *areas, const struct trace_event *event)
{
	for (unsigned int i = 0; i < areas->nr_open; i++) {
		struct area *area = &areas->open[i];
		const struct trace_event *first = &area->first;

		if (first->task == event->task &&
		    (event->task == TRACE_NO_TASK
			     ? first->cpu == event->cpu
			     : first->cpu / areas->copy_cpus == event->cpu / areas->copy_cpus))
			return area;
	}
	return NULL;
}

/* A call that begins with @event, which asks for pages or frees one. */
static struct area *begin_call(struct engine *e, const struct trace_event *event, enum area_state state,
			       uint32_t birth)
{
	struct area *area;

	if (e->areas.nr_open == MAX_AREAS)
		end_call(e, &e->areas.open[0]);
	area = &e->areas.open[e->areas.nr_open++];
	area->state = state;
	area->first = *event;
	area->birth = birth;
	area->nr = 0;
	if (state == AREA_ASKED)
		area->request = translate_alloc(&e->translate, event, engine_class(e, event->class_id)->gfp);
	else if (state == AREA_FREED)
		area->free_cpu = (uint16_t)translate_event_cpu(&e->translate, event);
	return area;
}

/* ---- events ------------------------------------------------------------------------------------ */

static bool add_recorded(struct area *area, uint32_t recorded)
{
	if (!make_area_room(area))
		return false;
	area->recorded[area->nr++] = recorded;
	return true;
}

/* Does an area begin with the page of @event? */
static bool begins_area(const struct engine *e, const struct trace_event *event)
{
	unsigned int copy = event->cpu / e->areas.copy_cpus;
	uint64_t offset_ns = e->translate.copies > 1 ? engine_copy_offset_ns(e, copy) : 0;
	uint32_t pfn = e->translate.copies > 1 ? event->pfn % e->translate.copy_pages : event->pfn;

	return vmalloc_starts_has(&e->areas.starts, event->ts_ns - offset_ns, pfn);
}

/* A page that another kernel line would have asked for together with its neighbours. */
static bool gather(struct engine *e, struct area *area, const struct trace_event *event)
{
	if (area &&
	    (area->state != AREA_ASKED || area->first.class_id != event->class_id || begins_area(e, event))) {
		end_call(e, area);
		area = NULL;
	}
	if (!area)
		area = begin_call(e, event, AREA_ASKED, engine_birth(e, event->ts_ns));
	return add_recorded(area, event->pfn);
}

/* A block that another kernel line would have asked for as single pages. */
static bool cut(struct engine *e, struct area *area, const struct trace_event *event)
{
	if (area)
		end_call(e, area);
	area = begin_call(e, event, AREA_ASKED, engine_birth(e, event->ts_ns));
	area->request.gfp |= MMR_GFP_DIRECT_RECLAIM;
	area->request.order = 0;
	for (uint32_t pfn = event->pfn; pfn < event->pfn + (1u << event->order); pfn++)
		if (!add_recorded(area, pfn))
			break;
	end_call(e, area);
	return true;
}

static bool ask_vmalloc(struct engine *e, struct area *area, const struct trace_event *event)
{
	bool together = (e->areas.gathers && !event->order) || (e->areas.cuts && event->order);

	if (together && !e->translate.tasks && !(e->pressure.owners && engine_asker_killed(e, event)))
		return e->areas.gathers ? gather(e, area, event) : cut(e, area, event);
	if (area && area->state != AREA_TAKEN) {
		end_call(e, area);
		area = NULL;
	}
	if (!area)
		begin_call(e, event, AREA_TAKEN, engine_birth(e, event->ts_ns));
	return false;
}

static bool free_vmalloc(struct engine *e, struct area *area, const struct trace_event *event)
{
	const struct live_entry *entry = live_map_slot(&e->map, event->pfn);

	if (area && (area->state != AREA_FREED || area->birth != entry->birth)) {
		end_call(e, area);
		area = NULL;
	}
	if (!e->areas.joins || event->order || entry->pfn == MMR_NO_PFN)
		return false;
	if (!area)
		area = begin_call(e, event, AREA_FREED, entry->birth);
	if (!make_area_room(area))
		return false;
	area->pfns[area->nr++] = engine_forget_page(e, event);
	return true;
}

static bool is_vmalloced(const struct engine *e, uint32_t recorded)
{
	const struct live_entry *entry = live_map_find(&e->map, recorded);

	return entry && live_word_type(entry->word) == LIVE_VMALLOC;
}

bool engine_area_event(struct engine *e, const struct trace_event *event)
{
	struct area *area;

	if (event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ))
		return false;
	area = area_of(&e->areas, event);
	if (event->type == TRACE_ALLOC &&
	    live_word_type(engine_class(e, event->class_id)->word) == LIVE_VMALLOC)
		return ask_vmalloc(e, area, event);
	/* What is asked for may be freed next. */
	if (area && (event->type == TRACE_ALLOC || area->state == AREA_ASKED)) {
		end_call(e, area);
		area = NULL;
	}
	if (event->type == TRACE_FREE && is_vmalloced(e, event->pfn))
		return free_vmalloc(e, area, event);
	if (area)
		end_call(e, area);
	return false;
}

void engine_area_taken(struct engine *e, const struct trace_event *event)
{
	const struct area *area = area_of(&e->areas, event);

	if (area && area->state == AREA_TAKEN)
		live_map_slot(&e->map, event->pfn)->birth = area->birth & 0xffffff;
}

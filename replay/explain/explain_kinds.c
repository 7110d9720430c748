// SPDX-License-Identifier: GPL-2.0-or-later
/* What events besides the page events mean, and how things stand in the model where they point to. */
#include <inttypes.h>
#include <string.h>

#include "core/step.h"
#include "replay/explain/explain_words.h"

#define LABEL 21

/* @function: the kernel's, that does it or tells of it; @what: what it means, for whoever reads of it first */
static const struct {
	const char *function, *what;
} meanings[NR_TRACE_EVENT_TYPES] = {
	[TRACE_ISOLATE_PAGE] = {"__isolate_free_page()",
				"A free block was taken off its list without being allocated: by compaction, "
				"as a place to move pages to, by page isolation or by free page reporting. It "
				"comes back by putback_page, or as pages are freed that were moved into it."},
	[TRACE_PUTBACK_PAGE] = {"__putback_isolated_page()",
				"A block that had been taken off its list unused goes back to the free lists."},
	[TRACE_PCP_COMMIT] = {"free_unref_page_commit()", "A freed page is put on its CPU's list."},
	[TRACE_BUDDY_FREE] = {"__free_one_page()",
			      "A freed block goes to the zone's free lists at once, not to a CPU's list: the "
			      "list was locked, or there is none for such blocks."},
	[TRACE_PCP_FREE_BULK] = {"free_pcppages_bulk()",
				 "Pages go back from a CPU's lists to the zone's free lists; the drains that "
				 "follow name them."},
	[TRACE_DRAIN_PAGES] =
		{"drain_pages_zone()",
		 "All that one CPU's lists of the zone hold goes back to the free lists: memory is "
		 "short, a CPU or memory goes away, or a vmstat worker finds the lists unused."},
	[TRACE_PAGEBLOCK_BITS] =
		{"set_pfnblock_flags_mask()",
		 "Bits of a pageblock are written: its migratetype, or that compaction may skip "
		 "it."},
	[TRACE_MOVE_BLOCK] = {"move_freepages_block()",
			      "A pageblock's free pages change to another type's lists, because another type "
			      "claims it, or it is set aside (highatomic, isolation)."},
	[TRACE_ROTATE_LIST] = {"move_freelist_tail()",
			       "Compaction has searched a free list and cuts it: what it has seen goes to the "
			       "tail, so that the next search begins with what it has not."},
	[TRACE_PCP_DECAY] = {"decay_pcp_high()",
			     "The vmstat worker lets a CPU's list get shorter: what it may hold sinks by an "
			     "eighth towards its least."},
	[TRACE_TAKE_OFF_BUDDY] = {"take_page_off_buddy()",
				  "A page with a memory error is taken out of its free block."},
	[TRACE_PUT_BACK_BUDDY] = {"put_page_back_buddy()", "A page with a memory error is free again."},
	[TRACE_UNRESERVE_HIGHATOMIC] = {"unreserve_highatomic_pageblock()",
					"Memory is short: a pageblock set aside for high-order atomic requests "
					"may be given back to the others."},
	[TRACE_ZONE_SCAN] = {"get_page_from_freelist()",
			     "One walk over the zonelist for an allocation, with the flags it had then."},
	[TRACE_VMSTAT_FOLD] =
		{"refresh_cpu_vm_stats()",
		 "This CPU adds what it has counted for itself to the zones' counters, free pages "
		 "among them: a watermark test sees these numbers, up to some dozen pages a CPU "
		 "out of date. Done by a worker about once a second."},
	[TRACE_KSWAPD_WAKE] = {"kswapd()", "A node's kswapd begins to free memory in the background."},
	[TRACE_KSWAPD_SLEEP] = {"kswapd()", "A node's kswapd goes to sleep: it has freed enough, or gives up."},
	[TRACE_WAKEUP_KSWAPD] =
		{"wakeup_kswapd()",
		 "An allocation found too little memory above the low marks and wakes kswapd; the "
		 "allocation's own event comes later on this CPU."},
	[TRACE_BALANCE_BEGIN] =
		{"balance_pgdat()",
		 "kswapd begins a round of reclaim. As long as it lasts CPUs give more of their "
		 "lists back (ZONE_RECLAIM_ACTIVE)."},
	[TRACE_BALANCE_END] = {"balance_pgdat()",
			       "kswapd ends a round of reclaim, and takes the boost of the marks back that it "
			       "found when it began."},
	[TRACE_RECLAIM_BEGIN] = {"try_to_free_pages()",
				 "Direct reclaim: a task must free memory itself before it gets any. The pages "
				 "that it frees follow as frees on its CPU."},
	[TRACE_RECLAIM_END] = {"try_to_free_pages()", "Direct reclaim has ended; the task tries again."},
	[TRACE_COMPACT_BEGIN] = {"compact_zone()",
				 "Compaction of a zone begins: pages in use are moved from its low end to free "
				 "pages at its high end, so that large free blocks come about."},
	[TRACE_COMPACT_END] = {"compact_zone()", "Compaction of a zone ends."},
	[TRACE_ISOLATE_FREEPAGES] = {"isolate_freepages_block()",
				     "Compaction's free scanner has looked at a stretch for free pages to move "
				     "others into."},
	[TRACE_ISOLATE_MIGRATEPAGES] = {"isolate_migratepages_block()",
					"Compaction's migration scanner has looked at a stretch for pages to "
					"move."},
	[TRACE_FAST_ISOLATE_FREEPAGES] =
		{"fast_isolate_freepages()",
		 "Compaction has searched the free lists for pages to move others into."},
	[TRACE_TRY_TO_COMPACT] =
		{"try_to_compact_pages()",
		 "Direct compaction: a task that wants a large block makes room for it itself."},
	[TRACE_KCOMPACTD_WAKE] = {"kcompactd()", "A node's kcompactd begins to compact in the background."},
	[TRACE_KCOMPACTD_SLEEP] = {"kcompactd()", "A node's kcompactd has nothing to do and goes to sleep."},
	[TRACE_WAKEUP_KCOMPACTD] = {"wakeup_kcompactd()",
				    "A node's kcompactd is told that a large block is wanted."},
	[TRACE_PAGES_ISOLATED] =
		{"test_pages_isolated()",
		 "Is a range empty of pages in use? Asked before it is taken out of service or "
		 "allocated as a whole (hotplug, CMA, gigantic pages)."},
	[TRACE_ZONE_WMARKS] = {"setup_per_zone_wmarks()", "A zone's watermarks are set anew."},
	[TRACE_LOWMEM_RESERVE] = {"setup_per_zone_lowmem_reserve()",
				  "What a zone keeps from requests that could be served by a higher zone."},
	[TRACE_TOTALRESERVE] = {"calculate_totalreserve_pages()", "What all zones keep in reserve."},
	[TRACE_OOM_VICTIM] = {"mark_oom_victim()",
			      "The OOM killer has chosen a task; it may use the reserves until it is dead."},
	[TRACE_PAGE_POOL_HOLD] = {"page_pool_alloc_pages()",
				  "A network driver's page pool keeps the page: it comes back to the allocator "
				  "only when the pool lets it go."},
	[TRACE_CACHE_ADD] = {"filemap_add_folio()", "The page holds a piece of a file now."},
	[TRACE_CACHE_DELETE] = {"filemap_remove_folio()", "The page no longer holds a piece of a file."},
	[TRACE_UNTRACED] = {"(the recorder)",
			    "Free lists may have changed here without an event. The recorder says so and reads "
			    "the lists anew: a keyframe follows."},
	[TRACE_PCP_LIMITS] = {"__zone_set_pageset_high_and_batch()",
			      "How much CPUs may keep of the zone was set anew: by a sysctl, by CPU or memory "
			      "hotplug, or by khugepaged, which raises the marks."},
	[TRACE_FREE_CORE] = {"__free_pages_core()",
			     "Memory that the allocator did not have before comes to the free lists."},
	[TRACE_PCP_COUNTS] =
		{"(the recorder)",
		 "Another task than before, or an interrupt, is about to be at this CPU's lists: how "
		 "many pages are on them, of each zone in the recording's order. It tells what the "
		 "task before had done and not told, or told and not done."},
	[TRACE_ALLOC_REQUEST] = {"__alloc_pages()",
				 "The entry of an allocation: which node it was to come from, and how long it "
				 "took."},
};

const char *explain_kind_function(unsigned int type)
{
	return type < NR_TRACE_EVENT_TYPES && meanings[type].function ? meanings[type].function
								      : "(the recording)";
}

const char *explain_kind_meaning(unsigned int type)
{
	return type < NR_TRACE_EVENT_TYPES && meanings[type].what
		       ? meanings[type].what
		       : "An event of a kind that this program does not know.";
}

/* "on a free list, order 3, Movable" */
const char *explain_place_words(const struct explain_look *look)
{
	const struct mmr_step_place *place = &look->place;
	const char *block = words("block %u of order %u, %s", place->head, place->order, type_words(place->mt));

	switch (place->state) {
	case MMR_PAGE_FREE:
		return words("free: in %s", block);
	case MMR_PAGE_PCP:
		return words("on a CPU's list: in %s", block);
	case MMR_PAGE_ALLOCATED:
		return words("in use: in %s", block);
	default:
		return "in use since before the recording, or taken off the lists";
	}
}

/* One line an argument: those that only repeat the zone's node are said by the zone. */
static void put_args(const struct teller *t)
{
	const struct explain_event *event = &t->e->request;
	const struct trace_event_info *info = trace_event_info(event->ev.type);

	if (info->has_order && event->ev.type != TRACE_BULK_PAGE)
		para(t, LABEL, "  order", words("%u: %s", event->ev.order, pages_words(event->ev.order)));
	if (info->has_migratetype && event->ev.migratetype < MIGRATE_TYPES)
		para(t, LABEL, "  migratetype", type_words(event->ev.migratetype));
	for (unsigned int i = 0; i < info->nr_args && i < t->e->args.nr; i++)
		para(t, LABEL, words("  %s", info->args[i]), words("%" PRId64, t->e->args.v[i]));
}

static void put_zone_now(const struct teller *t)
{
	const struct mmr_step_marks *marks = &t->e->look.marks;

	heading(t, "(the model)", "%s just before", zone_words(t->e->look.zone));
	para(t, LABEL, "  free pages",
	     words("%s as counted, and %s that CPUs have not reported yet", grouped(marks->free),
		   grouped(marks->pending)));
	para(t, LABEL, "  marks",
	     words("min %s, low %s, high %s%s", grouped(marks->watermark[WMARK_MIN]),
		   grouped(marks->watermark[WMARK_LOW]), grouped(marks->watermark[WMARK_HIGH]),
		   marks->boost ? words(", and a boost of %s on each", grouped(marks->boost)) : ""));
}

void put_kind(const struct teller *t)
{
	const struct explain *e = t->e;
	const struct trace_event *ev = &e->request.ev;
	const struct trace_event_info *info = trace_event_info(ev->type);

	heading(t, explain_kind_function(ev->type), "What it is: %s", info->name);
	para(t, 2, "", explain_kind_meaning(ev->type));
	para(t, LABEL, "  on", explain_asker(t));
	if (info->has_pfn)
		para(t, LABEL, "  page", ev->pfn == TRACE_NO_PFN ? "none" : words("%u", ev->pfn));
	if (info->has_zone)
		para(t, LABEL, "  zone", mmr_zone_name((enum zone_type)e->request.cls.zone));
	put_args(t);
	if (e->look.have_page) {
		para(t, LABEL, "  in the model", words("just before %s", explain_place_words(&e->look)));
		para(t, LABEL, "  its pageblock", type_words(e->look.pageblock));
	}
	if (e->look.have_zone)
		put_zone_now(t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A story as text: per-CPU lists, the buddy, fallbacks, frees and drains. */
#include <inttypes.h>
#include <string.h>

#include "core/step.h"
#include "replay/explain/explain_words.h"

#define LABEL 21

static const struct mmr_story_step *step_at(const struct teller *t, uint32_t at)
{
	return &t->story->steps[at];
}

static bool is_kind(const struct teller *t, uint32_t at, enum mmr_story_kind kind)
{
	return at < t->story->nr_steps && step_at(t, at)->kind == kind;
}

static const char *function_of(const struct teller *t, enum mmr_story_kind kind)
{
	return explain_function(kind, t->claims);
}

/* "page 4711" or "block 4711 of order 3" */
static const char *block_words(uint32_t pfn, unsigned int order)
{
	return order ? words("block %u of order %u", pfn, order) : words("page %u", pfn);
}

/* ---- a CPU's list -------------------------------------------------------------------------- */

static void put_pcp_state(const struct teller *t, const char *label, const struct mmr_story_step *step)
{
	para(t, LABEL, label,
	     words("%s (CPU %u's lists of the zone: %s)", plural(step->pcp.nr_blocks, "block", "blocks"),
		   step->cpu, plural(step->pcp.count, "page", "pages")));
}

static void put_pcp_sizes(const struct teller *t, const struct mmr_story_step *step)
{
	/* verify sets limits out of reach where they were changed and no event says to what. */
	bool unknown = step->pcp.high_max >= 1 << 30;
	const char *range = !step->pcp.auto_tuned ? ""
			    : unknown             ? " (its limits are not recorded)"
						  : words(" (moves, %s to %s)", grouped(step->pcp.high_min),
							  grouped(step->pcp.high_max));

	para(t, LABEL, "  high", words("%s%s: beyond it some go back", grouped(step->pcp.high), range));
	para(t, LABEL, "  batch",
	     words("%s: how many move at a time, at first", plural(step->pcp.batch, "page", "pages")));
}

/* How many blocks a refill asks for. */
static uint32_t put_refill_size(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, MMR_STORY_REFILL_SIZE), "The list is empty: how many blocks to fetch?");
	para(t, LABEL, "  batch", plural(step->refill.batch, "page", "pages"));
	if (step->refill.auto_tuned && !step->order)
		para(t, LABEL, "  doubled",
		     words("%s, for as many refills without frees (alloc_factor, now %u)",
			   plural(step->refill.factor_before, "time", "times"), step->refill.factor));
	if (step->refill.auto_tuned && step->refill.high != step->refill.high_before)
		para(t, LABEL, "  high",
		     words("goes from %s to %s, as the CPU needs pages", grouped(step->refill.high_before),
			   grouped(step->refill.high)));
	if (step->refill.below_high)
		para(t, LABEL, "  high", "does not grow: the zone is short of pages");
	if (step->refill.most)
		para(t, LABEL, "  at most",
		     words("%s: high less what the lists hold less a batch, or a batch",
			   grouped(step->refill.most)));
	para(t, LABEL, "  to fetch", words("%s of order %u", plural(step->nr, "block", "blocks"), step->order));
	return at + 1;
}

/* Blocks that came out of one source, one after the other. */
struct source {
	uint32_t pfn, first, last;
	uint32_t begin, nr; /* numbers of the refill, from 1 */
	uint8_t order, mt, asked;
	bool foreign;
};

static bool comes_from(const struct source *s, uint32_t pfn)
{
	return s->nr && pfn - s->pfn < 1u << s->order && pfn == s->last + (1u << s->asked);
}

#define FROM 38 /* column of where a block comes from, and where a drained page goes */

/* Halves of @s that were given back and not taken again, from step @begin to @end. */
static void put_left_over(const struct teller *t, const struct source *s, uint32_t begin, uint32_t end)
{
	char text[400] = "back: ";
	size_t len = strlen(text);
	bool any = false;

	for (uint32_t i = end; i-- > begin;) {
		const struct mmr_story_step *split = step_at(t, i);
		bool taken = false;

		if (split->kind != MMR_STORY_SPLIT || split->pfn - s->pfn >= 1u << s->order)
			continue;
		for (uint32_t j = i + 1; j < end; j++)
			taken |= step_at(t, j)->kind == MMR_STORY_TAKE && step_at(t, j)->pfn == split->pfn;
		if (taken || len >= sizeof(text))
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u (order %u)", any ? ", " : "",
					split->pfn, split->order);
		any = true;
	}
	if (any)
		para(t, FROM, "", text);
}

static void put_source(const struct teller *t, const struct source *s, uint32_t begin, uint32_t end)
{
	const char *which = s->nr == 1 ? words("%u", s->begin) : words("%u-%u", s->begin, s->begin + s->nr - 1);
	const char *pages = s->nr == 1 && !s->asked ? words("%u", s->first)
						    : words("%u..%u", s->first, s->last + (1u << s->asked) - 1);
	const char *label = words("  %9s  %s", which, pages);

	if (!s->nr)
		return;
	if (s->order == s->asked)
		para(t, FROM, label, words("order %u, %s", s->order, type_words(s->mt)));
	else
		para(t, FROM, label,
		     words("%sorder %u, %s: %u is split", s->foreign ? "the block found, " : "", s->order,
			   type_words(s->mt), s->pfn));
	put_left_over(t, s, begin, end);
}

/* A refill on its way through its steps. */
struct refill {
	struct source source;
	const struct mmr_story_step *take;
	uint32_t begin, take_at, nr;
};

static void put_refill_page(const struct teller *t, const struct mmr_story_step *step, struct refill *r)
{
	const struct mmr_story_step *take = r->take;

	r->nr++;
	if (comes_from(&r->source, step->pfn)) {
		r->source.nr++;
		r->source.last = step->pfn;
		return;
	}
	put_source(t, &r->source, r->begin, r->take_at);
	r->begin = r->take_at;
	r->source = (struct source){.pfn = take ? take->pfn : step->pfn,
				    .first = step->pfn,
				    .last = step->pfn,
				    .begin = r->nr,
				    .nr = 1,
				    .order = take ? take->source_order : step->order,
				    .mt = take ? take->mt : 0,
				    .asked = step->order,
				    .foreign = take && take->kind != MMR_STORY_TAKE};
	r->take = NULL;
}

/* Blocks are handed on as they are found, but for a claim of less than a pageblock, and up to 6.9. */
static bool gives_itself(const struct mmr_story_step *step)
{
	return step->kind == MMR_STORY_TAKE ||
	       (!step->yes && (step->kind == MMR_STORY_STEAL ||
			       (step->kind == MMR_STORY_CLAIM && step->source_order >= PAGEBLOCK_ORDER)));
}

static bool is_fallback(const struct mmr_story_step *step)
{
	return step->kind == MMR_STORY_NOTHING || step->kind == MMR_STORY_FOREIGN ||
	       step->kind == MMR_STORY_STEAL || step->kind == MMR_STORY_BOOST ||
	       step->kind == MMR_STORY_CLAIM_TEST || step->kind == MMR_STORY_CLAIM ||
	       step->kind == MMR_STORY_MOVE;
}

static void refill_heading(const struct teller *t, const char *title)
{
	heading(t, function_of(t, MMR_STORY_REFILL_PAGE), "%s", title);
	fprintf(t->out, "  %9s  %-*s%s\n", "block", FROM - 13, "pages", "from the head of the free list of");
}

/* The blocks of a refill, in the order in which they came, by the blocks they were split from. */
static uint32_t put_refill(const struct teller *t, uint32_t at)
{
	struct refill r = {.begin = at, .take_at = at};
	bool fell_back = false;

	refill_heading(t, "From the free lists, the zone's lock held");
	for (uint32_t next; at < t->story->nr_steps && !is_kind(t, at, MMR_STORY_REFILL_END); at = next) {
		const struct mmr_story_step *step = step_at(t, at);

		next = at + 1;

		if (gives_itself(step)) {
			r.take = step;
			r.take_at = at;
		}
		if (is_fallback(step)) {
			put_source(t, &r.source, r.begin, at);
			r.source.nr = 0;
			r.begin = at;
			next = put_fallback(t, at);
			fell_back = true;
		} else if (step->kind == MMR_STORY_REFILL_PAGE) {
			if (fell_back)
				refill_heading(t, "The refill goes on");
			fell_back = false;
			put_refill_page(t, step, &r);
		}
	}
	put_source(t, &r.source, r.begin, at);
	if (is_kind(t, at, MMR_STORY_REFILL_END)) {
		fprintf(t->out, "  %9s  put on the CPU's list in this order\n",
			words("= %s", grouped(step_at(t, at)->nr)));
		at++;
	}
	return at;
}

uint32_t put_refill_sized(const struct teller *t, uint32_t at)
{
	at = put_refill(t, put_refill_size(t, at));
	if (is_kind(t, at, MMR_STORY_POP) || is_kind(t, at, MMR_STORY_PAGE) || is_kind(t, at, MMR_STORY_PCP))
		heading(t, "__rmqueue_pcplist()", "CPU %u's list again", t->e->request.ev.cpu);
	return at;
}

/* "1-7   1071560..1071566", a line for each stretch of neighbours */
static void put_stretch(const struct teller *t, uint32_t nr, uint32_t pfn, uint32_t pages)
{
	uint32_t asked = t->e->asked_pfn - pfn;
	const char *which = pages == 1 ? words("%u", nr) : words("%u-%u", nr, nr + pages - 1);
	const char *what = pages == 1 ? words("%u", pfn) : words("%u..%u", pfn, pfn + pages - 1);

	fprintf(t->out, "  %9s  %s%s\n", which, what,
		t->e->asked != t->e->request.number && asked < pages
			? words("   (page %u, of the event asked about, is number %u)", t->e->asked_pfn,
				nr + asked)
			: "");
}

uint32_t put_handed_out(const struct teller *t, uint32_t at)
{
	uint32_t nr = 1, pages = 1;

	for (uint32_t i = 0; i < at; i++)
		nr += is_kind(t, i, MMR_STORY_PAGE);
	heading(t, "alloc_pages_bulk()", "Handed out from the list's head, one after the other");
	fprintf(t->out, "  %9s  %s\n", "number", "pages");
	for (; is_kind(t, at, MMR_STORY_PAGE); at++) {
		if (is_kind(t, at + 1, MMR_STORY_PAGE) && step_at(t, at + 1)->pfn == step_at(t, at)->pfn + 1) {
			pages++;
			continue;
		}
		put_stretch(t, nr, step_at(t, at)->pfn + 1 - pages, pages);
		nr += pages;
		pages = 1;
	}
	return at;
}

uint32_t put_pcp(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	if (step->kind == MMR_STORY_PCP_LOCKED) {
		heading(t, function_of(t, MMR_STORY_PCP), "CPU %u's list is locked, by whom it interrupted",
			step->cpu);
		return at + 1;
	}
	if (step->why == MMR_STORY_AFTER) {
		put_pcp_state(t, "  after", step);
		return at + 1;
	}
	heading(t, function_of(t, MMR_STORY_PCP), "CPU %u's own list of %s: %s", step->cpu,
		zone_words(step->zone), list_words(step->list));
	put_pcp_state(t, "  before", step);
	put_pcp_sizes(t, step);
	at++;
	if (is_kind(t, at, MMR_STORY_REFILL_SIZE))
		at = put_refill_sized(t, at);
	if (is_kind(t, at, MMR_STORY_POP)) {
		para(t, LABEL, "  taken", words("its head, %s", block_words(step_at(t, at)->pfn, step->order)));
		at++;
	}
	return at;
}

/* ---- the buddy ----------------------------------------------------------------------------- */

/* expand(): at each step the upper half goes back, and the lower is split on. */
static uint32_t put_splits(const struct teller *t, uint32_t at)
{
	for (bool first = true; is_kind(t, at, MMR_STORY_SPLIT); at++, first = false) {
		const struct mmr_story_step *split = step_at(t, at);

		para(t, LABEL, first ? "  split, expand()" : "",
		     words("upper half %u back to the list of order %u", split->pfn, split->order));
	}
	return at;
}

static uint32_t put_take(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *take = step_at(t, at);

	para(t, LABEL, "  taken",
	     words("block %u, head of the free list of order %u, %s", take->pfn, take->source_order,
		   type_words(take->mt)));
	return put_splits(t, at + 1);
}

uint32_t put_buddy(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, MMR_STORY_BUDDY), "%s: straight from the free lists, under its lock",
		zone_words(step->zone));
	if (!mmr_step_pcp_order(step->order))
		para(t, LABEL, "  why", words("blocks of order %u have no per-CPU list", step->order));
	for (at++; at < t->story->nr_steps;) {
		if (is_kind(t, at, MMR_STORY_TAKE))
			at = put_take(t, at);
		else if (is_fallback(step_at(t, at)))
			at = put_splits(t, put_fallback(t, at));
		else
			break;
	}
	return at;
}

/* ---- other types' pages -------------------------------------------------------------------- */

static void put_claim_test(const struct teller *t, const struct mmr_story_step *step)
{
	const char *alike = step->mt == MIGRATE_MOVABLE             ? "+ in use, movable"
			    : step->claim.old_mt == MIGRATE_MOVABLE ? "+ in use, not movable"
								    : "+ in use, alike";

	heading(t, function_of(t, MMR_STORY_CLAIM_TEST), "Make pageblock %u to %u %s as a whole?", step->pfn,
		step->pfn + PAGEBLOCK_NR_PAGES - 1, type_words(step->mt));
	if (step->claim.incomplete) {
		para(t, 2, "", "No: it is not wholly inside the zone.");
		return;
	}
	fprintf(t->out, "  %-26s %6u\n", "free pages", step->claim.free);
	fprintf(t->out, "  %-26s %6u   (%u in use can be moved)\n", alike, step->claim.alike,
		step->claim.movable);
	fprintf(t->out, "  %-26s %6u\n", "= fit the new type", step->claim.free + step->claim.alike);
	fprintf(t->out, "  %-26s %6u   %s\n", "half the pageblock", step->claim.needed,
		step->yes ? "reached: yes" : "not reached: no");
}

#define MOVED 8 /* of many blocks that change lists, so many are named */

/* Free blocks that change from one type's lists to another's. */
static uint32_t put_moves(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *first = step_at(t, at);
	uint32_t nr = 0, pages = 0;
	char text[400] = "";
	size_t len = 0;

	for (; is_kind(t, at, MMR_STORY_MOVE) && step_at(t, at)->before == first->before; at++, nr++) {
		const struct mmr_story_step *step = step_at(t, at);

		pages += 1u << step->order;
		if ((nr < MOVED || t->full) && len + 40 < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u (order %u)",
						nr ? ", " : "", step->pfn, step->order);
		else if (text[len - 1] != '.')
			len += (size_t)snprintf(text + len, sizeof(text) - len, ", ...");
	}
	heading(t, function_of(t, MMR_STORY_MOVE), "%s, %s, from %s's lists to %s's",
		plural(nr, "block", "blocks"), plural(pages, "page", "pages"), type_words(first->before),
		type_words(first->mt));
	para(t, LABEL, "  blocks", text);
	return at;
}

uint32_t put_fallback(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	switch (step->kind) {
	case MMR_STORY_NOTHING:
		para(t, LABEL, "  nothing",
		     words("no free block of order %u or longer of type %s", step->order,
			   type_words(step->mt)));
		break;
	case MMR_STORY_FOREIGN:
		heading(t, function_of(t, MMR_STORY_FOREIGN), "Another type's pages: the longest block first");
		para(t, LABEL, "  found",
		     words("block %u of order %u, %s%s", step->pfn, step->source_order, type_words(step->mt),
			   step->yes && step->source_order >= PAGEBLOCK_ORDER
				   ? ": whole pageblocks, nothing to weigh"
				   : ""));
		if (!step->yes)
			para(t, LABEL, "  too short",
			     "to make its whole pageblock ours: movable pages do no lasting harm elsewhere");
		break;
	case MMR_STORY_BOOST:
		heading(t, function_of(t, MMR_STORY_BOOST), "Mixing types has a price: the marks rise");
		para(t, LABEL, "  watermark_boost",
		     words("%s, was %s: kswapd will free so much more, so that this happens less",
			   grouped(step->nr), grouped(step->before)));
		break;
	case MMR_STORY_CLAIM_TEST:
		put_claim_test(t, step);
		break;
	case MMR_STORY_MOVE:
		return put_moves(t, at);
	case MMR_STORY_CLAIM:
		heading(t, function_of(t, MMR_STORY_CLAIM), "Claimed: the pageblock changes its type");
		para(t, LABEL, "  pageblock",
		     words("at %u, was %s%s", step->pfn, type_words(step->mt),
			   step->nr ? words("; %s free pages change lists", grouped(step->nr)) : ""));
		break;
	case MMR_STORY_STEAL:
		/* Up to 6.9 what was moved stays moved, and is then taken as one of its own. */
		heading(t, function_of(t, MMR_STORY_STEAL),
			step->yes ? "Stolen: free pages, but not the pageblock"
				  : "Stolen: what is needed, no more");
		para(t, LABEL, "  from",
		     step->yes ? words("block %u of order %u, %s; the pageblock keeps its type, and pages "
				       "freed in "
				       "it go back to that",
				       step->pfn, step->source_order, type_words(step->mt))
			       : words("block %u of order %u, %s; the rest stays with its type", step->pfn,
				       step->source_order, type_words(step->mt)));
		break;
	case MMR_STORY_HIGHATOMIC:
		heading(t, function_of(t, MMR_STORY_HIGHATOMIC), "The pageblock is set aside");
		para(t, LABEL, "  reserve",
		     words("pageblock %u, for high-order atomic requests to come; %s pages in all", step->pfn,
			   grouped(step->nr)));
		break;
	default:
		break;
	}
	return at + 1;
}

/* ---- frees --------------------------------------------------------------------------------- */

static const char *const high_rules[] = {
	[MMR_STORY_HIGH_PLAIN] = "high itself",
	[MMR_STORY_HIGH_FIXED] = "high itself, which does not move",
	[MMR_STORY_HIGH_NONE] = "the lists are switched off",
	[MMR_STORY_HIGH_FREES_MOSTLY] = "it frees many blocks above order 0: others may need them",
	[MMR_STORY_HIGH_RECLAIM] = "4 batches: kswapd is at work in this zone, memory is short",
	[MMR_STORY_HIGH_BELOW] = "what they hold, or the least high: the zone is short of pages",
	[MMR_STORY_HIGH_GROWN] = "high as it was; it grows for the next time",
};

static uint32_t put_overflow(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, MMR_STORY_HIGH), "Are the CPU's lists too long now?");
	para(t, LABEL, "  pages on them", grouped(step->high.count));
	para(t, LABEL, "  allowed", words("%s: %s", grouped(step->high.limit), high_rules[step->why]));
	if (step->why != MMR_STORY_HIGH_PLAIN && step->why != MMR_STORY_HIGH_FIXED)
		para(t, LABEL, "  high now", grouped(step->high.high));
	at++;
	if (!is_kind(t, at, MMR_STORY_OVERFLOW))
		return at;
	if (!step_at(t, at)->nr)
		para(t, LABEL, "  to give back", "nothing: there is room");
	else if (step->why == MMR_STORY_HIGH_FREES_MOSTLY)
		para(t, LABEL, "  to give back",
		     words("%s: all, or as much as one free may give back",
			   plural(step_at(t, at)->nr, "page", "pages")));
	else
		para(t, LABEL, "  to give back",
		     words("%s: those freed lately (%s), at least a batch (%s), at most what leaves a batch",
			   plural(step_at(t, at)->nr, "page", "pages"), grouped(step->high.free_count),
			   grouped(step->high.batch)));
	return at + 1;
}

uint32_t put_free(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);
	static const char *const ways[] = {
		[MMR_STORY_TO_PCP] = "onto the list of the CPU that frees it",
		[MMR_STORY_ORDER] = "to the buddy: no per-CPU list for blocks of this order",
		[MMR_STORY_ISOLATED] = "to the buddy: its pageblock is isolated",
		[MMR_STORY_LOCKED] = "to the buddy: the CPU's list is locked, by whom this interrupted",
	};

	heading(t, function_of(t, MMR_STORY_FREE), "The free");
	para(t, LABEL, "  pages",
	     words("%s: %s, %s", block_words(step->pfn, step->order), pages_words(step->order),
		   zone_words(step->zone)));
	para(t, LABEL, "  pageblock", words("%s: %s", type_words(step->mt), explain_type_meaning(step->mt)));
	para(t, LABEL, "  goes", ways[step->why]);
	at++;
	if (!is_kind(t, at, MMR_STORY_PCP))
		return at;
	step = step_at(t, at++);
	heading(t, "free_unref_page_commit()", "CPU %u's own list of %s: %s", step->cpu, zone_words(step->zone),
		list_words(step->list));
	put_pcp_state(t, "  before", step);
	put_pcp_sizes(t, step);
	para(t, LABEL, "  freed lately",
	     step->pcp.auto_tuned ? words("%s (free_count)", plural(step->pcp.free_count, "page", "pages"))
				  : words("%d times beyond high in a row (free_factor)", step->pcp.free_count));
	para(t, LABEL, "  put", "at its head: the next to be taken, still warm in the cache");
	if (is_kind(t, at, MMR_STORY_HIGH))
		at = put_overflow(t, at);
	if (is_kind(t, at, MMR_STORY_PCP))
		put_pcp_state(t, "  after", step_at(t, at++));
	return at;
}

/* The block a page became, and where it was put. Return: the step behind. */
static uint32_t merged_words(const struct teller *t, uint32_t at, const char **ret)
{
	unsigned int merges = 0;

	for (; is_kind(t, at, MMR_STORY_MERGE); at++)
		merges++;
	*ret = "";
	if (is_kind(t, at, MMR_STORY_INSERT)) {
		const struct mmr_story_step *insert = step_at(t, at++);

		*ret = words("%-26s %s of %s, order %u",
			     merges ? words("%u, after %s", insert->pfn, plural(merges, "merge", "merges"))
				    : "itself",
			     insert->yes ? "tail" : "head", type_words(insert->mt), insert->order);
	}
	return at;
}

static void drain_header(const struct teller *t)
{
	fprintf(t->out, "  %10s   %-26s %s\n", "page", "becomes block", "put on the free list");
}

uint32_t put_inserted(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);
	const char *text;
	uint32_t end;

	heading(t, function_of(t, MMR_STORY_INSERT), "Back to the free lists of %s", zone_words(step->zone));
	for (uint32_t i = at; is_kind(t, i, MMR_STORY_MERGE); i++)
		para(t, LABEL, i == at ? "  merges" : "",
		     words("with its buddy %u of order %u, which is free", step_at(t, i)->buddy,
			   step_at(t, i)->order));
	end = merged_words(t, at, &text);
	drain_header(t);
	fprintf(t->out, "  %10u   %s\n", step->pfn, text);
	return end;
}

#define DRAIN_ROWS 12 /* at each end of a long drain */

uint32_t put_drain(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);
	uint32_t nr = 0, row = 0;

	for (uint32_t i = at + 1; i < t->story->nr_steps && !is_kind(t, i, MMR_STORY_DRAIN); i++)
		nr += is_kind(t, i, MMR_STORY_DRAIN_PAGE);
	heading(t, function_of(t, MMR_STORY_DRAIN), "%s back to the free lists, the zone's lock held",
		plural(step->nr, "page", "pages"));
	para(t, 2, "",
	     words("From the tails of the CPU's lists, what lay there longest; first from the list of %s. A "
		   "block whose next merge is likely waits at the tail of its free list.",
		   list_words(step->list)));
	drain_header(t);
	for (at++; is_kind(t, at, MMR_STORY_DRAIN_PAGE); row++) {
		uint32_t pfn = step_at(t, at)->pfn;
		const char *text;

		at = merged_words(t, at + 1, &text);
		if (!t->full && nr > 3 * DRAIN_ROWS && row >= DRAIN_ROWS && row < nr - DRAIN_ROWS) {
			if (row == DRAIN_ROWS)
				fprintf(t->out, "  %10s   %u more (--full shows them)\n", "...",
					nr - 2 * DRAIN_ROWS);
			continue;
		}
		fprintf(t->out, "  %10u   %s\n", pfn, text);
	}
	return at;
}

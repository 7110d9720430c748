// SPDX-License-Identifier: GPL-2.0-or-later
/* A keyframe: what the recorder read of the kernel's lists, and what of it the model has. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replay/explain/explain_words.h"

#define LABEL      21
#define LIST_LABEL 32

/* ---- finding ------------------------------------------------------------------------------- */

struct watching {
	struct explain_keyframe *k;
	bool enough; /* all parts have been seen */
};

static void note_part(const struct verify_keyframe *part, void *ctx)
{
	struct watching *w = ctx;
	struct explain_keyframe_part *to;

	if (part->number != w->k->number || w->k->nr_parts > w->k->state.nr_pcps)
		return;
	to = &w->k->parts[w->k->nr_parts++];
	*to = (struct explain_keyframe_part){
		.pcp = part->pcp,
		.event = part->event,
		.found = part->found,
		.blocks = part->blocks,
		.equal_blocks = part->equal_blocks,
		.pageblocks = part->pageblocks,
		.equal_pageblocks = part->equal_pageblocks,
	};
	snprintf(to->difference, sizeof(to->difference), "%s", part->difference);
	w->enough = w->k->nr_parts > w->k->state.nr_pcps;
}

static int by_place(const void *a, const void *b)
{
	const struct explain_keyframe_part *pa = a, *pb = b;

	return (pa->pcp > pb->pcp) - (pa->pcp < pb->pcp);
}

static int watch(struct trace_reader *reader, const struct verify_options *vo, struct explain_keyframe *k,
		 struct mmr_error *err)
{
	struct watching w = {.k = k};
	struct verify_options options = *vo;
	struct verify_report *report = malloc(sizeof(*report));
	int rc;

	if (!report)
		return mmr_err(err, -ENOMEM, "explain: no memory for the report");
	options.until = UINT64_MAX;
	options.on_keyframe = note_part;
	options.ctx = &w;
	options.enough = &w.enough;
	rc = verify_run(reader, &options, report, err);
	if (!rc && report->stopped)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal at event %" PRIu64,
			     trace_reader_path(reader), report->events);
	if (rc == -EBADMSG && w.enough)
		rc = 0; /* the damage is behind it */
	free(report);
	return rc;
}

int explain_keyframe(struct trace_reader *reader, const struct verify_options *vo, uint32_t number,
		     struct explain_keyframe *ret, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(reader);
	int rc;

	*ret = (struct explain_keyframe){
		.number = number, .nr_keyframes = summary->nr_keyframes, .begin_ns = summary->first_ns};
	if (number >= summary->nr_keyframes)
		return mmr_err(err, -ENOENT, "%s: keyframe %u is not there: it has %u, from 0",
			       trace_reader_path(reader), number, summary->nr_keyframes);
	rc = trace_reader_keyframe(reader, number, &ret->state, err);
	if (rc)
		return rc;
	ret->parts = calloc(ret->state.nr_pcps + 1, sizeof(*ret->parts));
	if (!ret->parts)
		return mmr_err(err, -ENOMEM, "explain: no memory for a keyframe of %u CPUs",
			       ret->state.nr_pcps);
	rc = watch(reader, vo, ret, err);
	qsort(ret->parts, ret->nr_parts, sizeof(*ret->parts), by_place);
	return rc;
}

void explain_keyframe_deinit(struct explain_keyframe *k)
{
	trace_keyframe_deinit(&k->state);
	free(k->parts);
	*k = (struct explain_keyframe){0};
}

/* ---- words --------------------------------------------------------------------------------- */

static const char *found_words(const struct explain_keyframe_part *part)
{
	switch (part->found) {
	case VERIFY_FOUND_BEGINS:
		return "nothing was known before: the model begins with what was read here";
	case VERIFY_FOUND_PARTIAL:
		return "not compared: the recorder could not read all of it";
	case VERIFY_FOUND_LOST:
		return "not compared: events were being lost while it was read";
	case VERIFY_FOUND_OTHER_ZONES:
		return "not compared: memory was plugged into a zone that the recording's header does not have";
	default:
		break;
	}
	if (!part->blocks)
		return "the same: nothing is on them";
	return part->blocks == part->equal_blocks
		       ? words("the same: all %s, in the kernel's order",
			       plural((int64_t)part->blocks, "block", "blocks"))
		       : words("%s of %s at the kernel's place", grouped((int64_t)part->equal_blocks),
			       plural((int64_t)part->blocks, "block", "blocks"));
}

static void put_read(const struct teller *t, const struct trace_keyframe *kf)
{
	const char *how = kf->flags & TRACE_KF_LOCKED
				  ? "while zone->lock was held, so that nothing could change"
			  : kf->flags & TRACE_KF_IDLE ? "while nobody was at them"
						      : "list by list";

	para(t, LABEL, "  read", words("in %s us, %s", grouped((int64_t)kf->walk_ns / 1000), how));
	if (kf->flags & TRACE_KF_PARTIAL)
		para(t, LABEL, "",
		     words("not whole: %s are missing", plural((int64_t)kf->nr_missing, "block", "blocks")));
}

static uint64_t nr_blocks(const struct trace_keyframe *kf, unsigned int order, unsigned int mt)
{
	uint64_t nr = 0;

	for (uint64_t i = 0; i < kf->nr_blocks; i++)
		nr += kf->blocks[i].order == order && kf->blocks[i].migratetype == mt;
	return nr;
}

static bool has_type(const struct trace_keyframe *kf, unsigned int mt)
{
	for (uint64_t i = 0; i < kf->nr_blocks; i++) {
		if (kf->blocks[i].migratetype == mt)
			return true;
	}
	return false;
}

/* How many free blocks each list had. */
static void put_lists(const struct teller *t, const struct trace_keyframe *kf)
{
	heading(t, "zone->free_area[]", "The kernel's free lists: how many blocks are on each");
	fprintf(t->out, "  %-5s %10s", "order", "block of");
	for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
		if (has_type(kf, mt))
			fprintf(t->out, " %12s", type_words(mt));
	}
	fputc('\n', t->out);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned int kib = 4u << order;

		fprintf(t->out, "  %-5u %6u %s", order, kib < 1024 ? kib : kib / 1024,
			kib < 1024 ? "KiB" : "MiB");
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			if (has_type(kf, mt))
				fprintf(t->out, " %12s", grouped((int64_t)nr_blocks(kf, order, mt)));
		}
		fputc('\n', t->out);
	}
}

static void put_pageblocks(const struct teller *t, const struct trace_keyframe *kf)
{
	char text[400] = "";
	size_t len = 0;

	for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
		int64_t nr = 0;

		for (uint32_t i = 0; i < kf->nr_pageblocks; i++)
			nr += kf->pageblock_types[i] == mt;
		if (nr && len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s", len ? ", " : "",
						grouped(nr), type_words(mt));
	}
	para(t, LABEL, "  pageblocks", kf->nr_pageblocks ? text : "their types were not read");
}

static void put_lists_of_cpu(const struct teller *t, const struct trace_pcp *pcp)
{
	heading(t, "per_cpu_pages", "CPU %u's own lists", pcp->cpu);
	para(t, LABEL, "  pages", grouped(pcp->count));
	if (pcp->high_max)
		para(t, LABEL, "  high",
		     words("%s, which moves between %s and %s: beyond it some go back", grouped(pcp->high),
			   grouped(pcp->high_min), grouped(pcp->high_max)));
	else
		para(t, LABEL, "  high", words("%s: beyond it some go back", grouped(pcp->high)));
	for (unsigned int list = 0; list < NR_PCP_LISTS && pcp->have_lists; list++) {
		if (pcp->list_len[list])
			para(t, LIST_LABEL, words("  %s", list_words(list)),
			     plural(pcp->list_len[list], "block", "blocks"));
	}
	if (!pcp->have_lists)
		para(t, LABEL, "  lists", "could not be read: only how many pages are on them");
}

static void put_found(const struct teller *t, const struct explain_keyframe *k)
{
	heading(t, "(verify)", "What the model has there");
	for (size_t i = 0; i < k->nr_parts; i++) {
		const struct explain_keyframe_part *part = &k->parts[i];

		para(t, LABEL,
		     part->pcp < 0 ? "  free lists" : words("  CPU %u's lists", k->state.pcps[part->pcp].cpu),
		     found_words(part));
		if (part->pcp < 0 && part->pageblocks)
			para(t, LABEL, "  pageblocks",
			     part->pageblocks == part->equal_pageblocks
				     ? words("the same: all %s",
					     plural((int64_t)part->pageblocks, "type", "types"))
				     : words("%s of %s have the kernel's type",
					     grouped((int64_t)part->equal_pageblocks),
					     grouped((int64_t)part->pageblocks)));
		if (part->difference[0])
			para(t, LABEL, "    first other", part->difference);
	}
	if (k->nr_parts <= k->state.nr_pcps)
		para(t, 2, "", "The rest was not come to: the recording ends, or is damaged, before it.");
}

void explain_keyframe_text(FILE *out, const struct explain_keyframe *k, const struct trace_reader *reader,
			   const struct kernel_profile *profile)
{
	const struct teller t = {.out = out, .reader = reader};
	const struct trace_keyframe *kf = &k->state;

	fprintf(out, "%s: kernel %s, rules of %s\n", trace_reader_path(reader),
		trace_reader_machine(reader)->kernel_release, kernel_profile_name(profile));
	heading(&t, NULL, "Keyframe %u (the recording has 0 to %u): %s", k->number, k->nr_keyframes - 1,
		zone_words((uint16_t)(kf->nid << 3 | kf->zone)));
	para(&t, LABEL, "  time",
	     words("%.6f s after the start%s",
		   kf->ts_ns > k->begin_ns ? (double)(kf->ts_ns - k->begin_ns) / 1e9 : 0.0,
		   kf->flags & TRACE_KF_FIRST  ? ": the state to begin with"
		   : kf->flags & TRACE_KF_LAST ? ": the state at the end"
					       : ""));
	if (k->nr_parts)
		para(&t, LABEL, "  place", words("before event %" PRIu64, k->parts[0].event));
	put_read(&t, kf);
	para(&t, LABEL, "  free",
	     words("%s in %s", plural((int64_t)kf->nr_free_pages, "page", "pages"),
		   plural((int64_t)kf->nr_blocks, "block", "blocks")));
	put_pageblocks(&t, kf);
	if (kf->watermark_boost)
		para(&t, LABEL, "  boost",
		     words("%s on each watermark, until kswapd is done",
			   grouped((int64_t)kf->watermark_boost)));
	if (kf->nr_blocks)
		put_lists(&t, kf);
	for (uint32_t i = 0; i < kf->nr_pcps; i++)
		put_lists_of_cpu(&t, &kf->pcps[i]);
	put_found(&t, k);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static const char *found_name(enum verify_found found)
{
	static const char *const names[] = {
		[VERIFY_FOUND_COMPARED] = "compared",       [VERIFY_FOUND_BEGINS] = "begins",
		[VERIFY_FOUND_PARTIAL] = "partial",         [VERIFY_FOUND_LOST] = "lost",
		[VERIFY_FOUND_OTHER_ZONES] = "other_zones",
	};

	return names[found];
}

static json_t *json_part(const struct explain_keyframe *k, const struct explain_keyframe_part *part)
{
	json_t *json = json_pack("{s:I, s:s, s:I, s:I}", "event", (json_int_t)part->event, "found",
				 found_name(part->found), "blocks", (json_int_t)part->blocks, "equal_blocks",
				 (json_int_t)part->equal_blocks);

	if (!json)
		return NULL;
	if (part->pcp >= 0)
		json_object_set_new(json, "cpu", json_integer(k->state.pcps[part->pcp].cpu));
	else
		json_object_update_new(json, json_pack("{s:I, s:I}", "pageblocks", (json_int_t)part->pageblocks,
						       "equal_pageblocks", (json_int_t)part->equal_pageblocks));
	json_object_set_new(json, "difference",
			    part->difference[0] ? json_string(part->difference) : json_null());
	return json;
}

static json_t *json_lists(const struct trace_keyframe *kf)
{
	json_t *lists = json_object();

	for (unsigned int mt = 0; lists && mt < MIGRATE_TYPES; mt++) {
		json_t *orders = has_type(kf, mt) ? json_array() : NULL;

		for (unsigned int order = 0; orders && order < NR_PAGE_ORDERS; order++)
			json_array_append_new(orders, json_integer((json_int_t)nr_blocks(kf, order, mt)));
		if (orders)
			json_object_set_new(lists, type_words(mt), orders);
	}
	return lists;
}

json_t *explain_keyframe_json(const struct explain_keyframe *k, const struct trace_reader *reader,
			      const struct kernel_profile *profile)
{
	const struct trace_keyframe *kf = &k->state;
	json_t *parts = json_array(), *pcps = json_array();

	for (size_t i = 0; parts && i < k->nr_parts; i++)
		json_array_append_new(parts, json_part(k, &k->parts[i]));
	for (uint32_t i = 0; pcps && i < kf->nr_pcps; i++) {
		const struct trace_pcp *pcp = &kf->pcps[i];

		json_array_append_new(pcps, json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "cpu", (int)pcp->cpu,
						      "count", (int)pcp->count, "high", (int)pcp->high,
						      "high_min", (int)pcp->high_min, "high_max",
						      (int)pcp->high_max, "batch", (int)pcp->batch));
	}
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "schema",
		"mmreplay.explain/1", "trace", trace_reader_path(reader), "kernel",
		trace_reader_machine(reader)->kernel_release, "kernel_profile", kernel_profile_name(profile),
		"keyframe", (int)k->number, "keyframes", (int)k->nr_keyframes, "zone",
		zone_words((uint16_t)(kf->nid << 3 | kf->zone)), "ts_ns", (json_int_t)kf->ts_ns, "walk_ns",
		(json_int_t)kf->walk_ns, "partial", (kf->flags & TRACE_KF_PARTIAL) != 0, "free_pages",
		(json_int_t)kf->nr_free_pages, "free_blocks", (json_int_t)kf->nr_blocks, "watermark_boost",
		(json_int_t)kf->watermark_boost, "free_lists", json_lists(kf), "pcps", pcps, "parts", parts);
}

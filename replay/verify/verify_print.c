// SPDX-License-Identifier: GPL-2.0-or-later
/* A verify report as JSON and as one screen of text. */
#include "replay/verify/verify_print.h"

#include <inttypes.h>

#include "traces/trace_vendor.h"

static json_t *levels_json(const struct verify_report *r)
{
	json_t *levels = json_object();

	for (int i = 0; i < NR_VERIFY_LEVELS; i++)
		json_object_set_new(levels, verify_level_name((enum verify_level)i),
				    json_pack("{s:I, s:I, s:I, s:I}", "decisions",
					      (json_int_t)r->levels[i].decisions, "exact",
					      (json_int_t)r->levels[i].exact, "informed",
					      (json_int_t)r->levels[i].informed, "diverged",
					      (json_int_t)r->levels[i].diverged));
	return levels;
}

static json_t *causes_json(const struct verify_report *r, enum verify_verdict verdict)
{
	json_t *causes = json_object();

	for (int i = 0; i < NR_VERIFY_CAUSES; i++) {
		uint64_t nr = r->causes[verdict - 1][i];

		if (nr)
			json_object_set_new(causes, verify_cause_name((enum verify_cause)i),
					    json_integer((json_int_t)nr));
	}
	return causes;
}

static json_t *divergence_json(const struct verify_report *r)
{
	if (!r->have_divergence)
		return json_null();
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "event", (json_int_t)r->first_divergence.event,
			 "level", verify_level_name(r->first_divergence.level), "expected",
			 r->first_divergence.expected, "got", r->first_divergence.got, "cause",
			 verify_cause_name(r->first_divergence.cause), "cause_text",
			 verify_cause_text(r->first_divergence.cause), "views", r->first_divergence.views);
}

/* [{"from": 4711, "to": 9000}]; "to" null where it is not claimed again */
static json_t *unclaimed_json(const struct verify_report *r)
{
	json_t *stretches = json_array();

	for (uint32_t i = 0; i < r->nr_unclaimed; i++)
		json_array_append_new(stretches,
				      json_pack("{s:I, s:o}", "from", (json_int_t)r->unclaimed[i].begin, "to",
						r->unclaimed[i].end == UINT64_MAX
							? json_null()
							: json_integer((json_int_t)r->unclaimed[i].end)));
	return stretches;
}

json_t *verify_json(const struct verify_report *r, const struct trace_reader *reader, const char *profile)
{
	const struct trace_machine *machine = trace_reader_machine(reader);
	struct trace_vendor_features vendor;
	json_t *keyframes = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i}", "compared_blocks",
		(json_int_t)r->compared_blocks, "equal_blocks", (json_int_t)r->equal_blocks, "listed_blocks",
		(json_int_t)r->listed_blocks, "compared_pcp_blocks", (json_int_t)r->compared_pcp_blocks,
		"equal_pcp_blocks", (json_int_t)r->equal_pcp_blocks, "compared_pageblocks",
		(json_int_t)r->compared_pageblocks, "equal_pageblocks", (json_int_t)r->equal_pageblocks,
		"zones_compared", (int)r->keyframes_compared, "zones_equal", (int)r->keyframes_equal);

	if (r->keyframe_difference[0])
		json_object_set_new(keyframes, "first_difference", json_string(r->keyframe_difference));
	trace_vendor_features(machine, &vendor);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:{s:o, s:o}, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:b, "
			 "s:I, s:b, s:s?, s:s?, s:o, s:b, s:b, s:f}",
			 "schema", "mmreplay.verify/1", "trace", trace_reader_path(reader), "kernel",
			 machine->kernel_release, "kernel_profile", profile, "events", (json_int_t)r->events,
			 "levels", levels_json(r), "causes", "informed", causes_json(r, VERIFY_INFORMED),
			 "diverged", causes_json(r, VERIFY_DIVERGED), "untraced_changes",
			 (json_int_t)r->untraced_changes, "unjudged", (json_int_t)r->unjudged, "keyframes",
			 keyframes, "first_divergence", divergence_json(r), "nothing_claimed_from",
			 r->claim_end == UINT64_MAX ? json_null() : json_integer((json_int_t)r->claim_end),
			 "not_claimed", unclaimed_json(r), "damaged", r->damaged, "complete",
			 trace_reader_summary(reader)->complete, "lost",
			 (json_int_t)trace_reader_summary(reader)->nr_lost, "other_zones", r->other_zones,
			 "vendor_features", vendor.own[0] ? vendor.own : NULL, "backported_features",
			 vendor.later[0] ? vendor.later : NULL, "not_told", verify_not_told_json(machine),
			 "passed", verify_passed(r), "stopped", r->stopped, "wall_s", (double)r->wall_ns / 1e9);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

static void print_causes(FILE *out, const struct verify_report *r, enum verify_verdict verdict,
			 const char *title)
{
	bool any = false;

	for (int i = 0; i < NR_VERIFY_CAUSES; i++) {
		if (!r->causes[verdict - 1][i])
			continue;
		if (!any)
			fprintf(out, "\n%s\n", title);
		any = true;
		fprintf(out, "  %12" PRIu64 "  %s\n", r->causes[verdict - 1][i],
			verify_cause_text((enum verify_cause)i));
	}
}

/* What of it is missing. */
static void print_not_whole(FILE *out, const struct verify_report *r, const struct trace_summary *summary)
{
	if (!summary->complete)
		fputs("\nThe recording is not whole: it was cut short.", out);
	if (summary->nr_lost)
		fprintf(out, "\nThe recording is not whole: %" PRIu64 " events were lost while it was made.",
			summary->nr_lost);
	if (r->damaged)
		fputs("\nThe recording is not whole: the file is damaged.", out);
	if (summary->complete && !summary->nr_lost && !r->damaged)
		fputs("\nThe recording is not whole.", out);
}

static void print_unclaimed(FILE *out, const struct verify_report *r, const struct trace_summary *summary)
{
	if (r->other_zones)
		fputs("\nMemory was plugged into a zone that the recording's header does not have.", out);
	else if (r->nr_unclaimed)
		print_not_whole(out, r, summary);
	if (r->nr_unclaimed)
		fputs("\nNothing can be claimed\n", out);
	for (uint32_t i = 0; i < r->nr_unclaimed; i++) {
		fprintf(out, "  from event %" PRIu64 " on", r->unclaimed[i].begin);
		if (r->unclaimed[i].end == UINT64_MAX)
			fputs(", as no complete keyframes follow\n", out);
		else if (r->unclaimed[i].end == r->events)
			fputs(", as the next complete keyframes are those at its end\n", out);
		else
			fprintf(out, ", until keyframes bring back all lists at event %" PRIu64 "\n",
				r->unclaimed[i].end);
	}
}

void verify_print(FILE *out, const struct verify_report *r, const struct trace_reader *reader,
		  const char *profile)
{
	const struct trace_machine *machine = trace_reader_machine(reader);
	struct trace_vendor_features vendor;

	trace_vendor_features(machine, &vendor);
	fprintf(out, "%s: kernel %s, rules of %s, %" PRIu64 " events (%.1f million/s)\n",
		trace_reader_path(reader), machine->kernel_release, profile, r->events,
		r->wall_ns ? (double)r->events * 1e3 / (double)r->wall_ns : 0);
	if (vendor.own[0])
		fprintf(out, "This kernel is patched by its vendor: its structures have %s\n", vendor.own);
	if (vendor.later[0])
		fprintf(out, "This kernel has what mainline has later: %s\n", vendor.later);
	fprintf(out, "\n  %-9s %12s %12s %10s %10s\n", "level", "decisions", "exact", "informed", "diverged");
	for (int i = 0; i < NR_VERIFY_LEVELS; i++) {
		const struct verify_tally *t = &r->levels[i];

		fprintf(out, "  %-9s %12" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64,
			verify_level_name((enum verify_level)i), t->decisions, t->exact, t->informed,
			t->diverged);
		if (t->decisions)
			fprintf(out, "   %.4f %% exact", percent(t->exact, t->decisions));
		fputc('\n', out);
	}
	fprintf(out,
		"\n  keyframes: %" PRIu64 " of %" PRIu64 " free blocks, %" PRIu64 " of %" PRIu64
		" per-CPU blocks, %" PRIu64 " of %" PRIu64 " pageblock types equal\n",
		r->equal_blocks, r->compared_blocks, r->equal_pcp_blocks, r->compared_pcp_blocks,
		r->equal_pageblocks, r->compared_pageblocks);
	if (r->listed_blocks != r->equal_blocks)
		fprintf(out, "  free blocks on their list, at whatever place: %" PRIu64 "\n", r->listed_blocks);
	if (r->keyframe_difference[0])
		fprintf(out, "  first difference: %s\n", r->keyframe_difference);
	fprintf(out, "  untraced changes: %" PRIu64 "; events not judged: %" PRIu64 "\n", r->untraced_changes,
		r->unjudged);
	print_causes(out, r, VERIFY_INFORMED, "The model was told (informed):");
	print_causes(out, r, VERIFY_DIVERGED, "The model decided otherwise (diverged):");
	if (r->have_divergence)
		fprintf(out, "\nfirst divergence: event %" PRIu64 ", %s: expected %s, got %s (%s)\n",
			r->first_divergence.event, verify_level_name(r->first_divergence.level),
			r->first_divergence.expected, r->first_divergence.got,
			verify_cause_text(r->first_divergence.cause));
	verify_print_not_told(out, machine);
	print_unclaimed(out, r, trace_reader_summary(reader));
}

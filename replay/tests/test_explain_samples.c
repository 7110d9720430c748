// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any event of a real recording has its story: 50 random ones of each checked-in sample, and the first of each
 * kind. None is empty, none contradicts what verify says, and where that is exact the story's page is the
 * recorded one.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/explain/explain.h"
#include "replay/machines/profile_choice.h"

/* Under a sanitizer each question takes seconds. */
#ifdef __SANITIZE_ADDRESS__
#define NR_RANDOM 3
#else
#define NR_RANDOM 50
#endif
#define MAX_ASKED (NR_RANDOM + NR_TRACE_EVENT_TYPES)

static volatile sig_atomic_t stop;

/* splitmix64: the same events each time */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Event numbers to ask about. Return: how many. */
static unsigned int choose(struct trace_reader *reader, uint64_t asked[MAX_ASKED])
{
	uint64_t state = trace_reader_summary(reader)->nr_events, number = 0;
	const struct trace_event *events;
	bool seen[256] = {false};
	unsigned int nr = 0;
	ssize_t got;

	trace_reader_want(reader, TRACE_WANT_ALL);
	while ((got = trace_reader_next(reader, &events, NULL)) > 0) {
		for (ssize_t i = 0; i < got; i++, number++) {
			if (!seen[events[i].type] && nr < NR_TRACE_EVENT_TYPES)
				asked[nr++] = number;
			seen[events[i].type] = true;
		}
	}
	assert_true(number > 0);
	for (unsigned int i = 0; i < NR_RANDOM; i++)
		asked[nr++] = next_random(&state) % number;
	return nr;
}

/* The last step of this kind has this page. */
static void assert_ends_with(const struct explain *e, enum mmr_story_kind kind, uint32_t pfn)
{
	for (uint32_t i = e->told->story.nr_steps; i--;) {
		if (e->told->story.steps[i].kind == kind) {
			assert_int_equal(e->told->story.steps[i].pfn, pfn);
			return;
		}
	}
	fail_msg("event %llu: no step of kind %d", (unsigned long long)e->asked, kind);
}

/*
 * What verify finds exact the story tells as the kernel did it, unless others were at the lists in between,
 * which it says; and what diverged is not the same.
 */
static void assert_no_contradiction(const struct explain *e)
{
	enum verify_verdict verdict = explain_result(e);

	if ((verdict == VERIFY_EXACT && !explain_same(e) && !e->nr_between) ||
	    (verdict == VERIFY_DIVERGED && explain_same(e)))
		fail_msg("event %llu: verify says %d, the story is %s", (unsigned long long)e->asked, verdict,
			 explain_same(e) ? "the same" : "another");
}

static void assert_story(const struct explain *e)
{
	uint32_t pfn = e->request.ev.pfn;

	if (e->kind == EXPLAIN_OTHER)
		return;
	assert_true(e->told->story.nr_steps > 0);
	assert_no_contradiction(e);
	if (explain_result(e) != VERIFY_EXACT)
		return;
	if (e->kind == EXPLAIN_ALLOC && pfn != TRACE_NO_PFN)
		assert_ends_with(e, MMR_STORY_PAGE, pfn);
	if (e->kind == EXPLAIN_ALLOC && pfn == TRACE_NO_PFN)
		assert_int_equal(e->told->page.pfn, MMR_NO_PFN);
	if (e->kind == EXPLAIN_FREE && !e->run_pages)
		assert_int_equal(e->told->story.steps[0].pfn, pfn);
	if (e->kind == EXPLAIN_BULK || e->kind == EXPLAIN_TAKEN)
		assert_true(explain_same(e));
}

static void ask(struct trace_reader *reader, const struct kernel_profile *profile, uint64_t event, FILE *sink)
{
	const struct explain_query query = {.by = EXPLAIN_BY_EVENT, .event = event};
	const struct verify_options vo = {.profile = profile, .stop = &stop};
	struct mmr_error err;
	struct explain e;
	long before = ftell(sink);
	json_t *json;

	if (explain_find(reader, &query, &stop, &e, &err) || explain_tell(reader, &vo, &e, &err))
		fail_msg("event %llu: %s", (unsigned long long)event, err.msg);
	if (e.told->finished)
		assert_story(&e);
	else
		assert_false(e.known); /* before the first keyframe of its lists */
	explain_text(sink, &e, reader, profile, false);
	assert_true(ftell(sink) > before);
	json = explain_json(&e, reader, profile);
	assert_non_null(json);
	json_decref(json);
	explain_deinit(&e);
}

static void every_event_has_its_story(void **state)
{
	FILE *sink = tmpfile();
	glob_t samples;

	assert_non_null(sink);
	assert_int_equal(glob("traces/samples/*.mmt", 0, NULL, &samples), 0);
	for (size_t i = 0; i < samples.gl_pathc; i++) {
		struct kernel_profile *profile;
		struct trace_reader *reader;
		uint64_t asked[MAX_ASKED];
		struct mmr_error err;
		unsigned int nr;

		assert_int_equal(trace_reader_open(samples.gl_pathv[i], &reader, &err), 0);
		assert_int_equal(profile_choose_exact(NULL, reader, &profile, &err), 0);
		nr = choose(reader, asked);
		for (unsigned int k = 0; k < nr; k++)
			ask(reader, profile, asked[k], sink);
		print_message("%s: %u events\n", samples.gl_pathv[i], nr);
		kernel_profile_destroy(profile);
		trace_reader_close(reader);
	}
	globfree(&samples);
	fclose(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_has_its_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

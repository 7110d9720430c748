/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that render a story share: names, meanings, and the layout of text. */
#ifndef MMR_REPLAY_EXPLAIN_WORDS_H
#define MMR_REPLAY_EXPLAIN_WORDS_H

#include "replay/explain/explain.h"

/** explain_step_name - "refill_page": a step's name in JSON */
const char *explain_step_name(enum mmr_story_kind kind);
/** explain_function - the kernel function that does it; before 6.15 fallbacks were another one's */
const char *explain_function(enum mmr_story_kind kind, bool claims_and_steals);
/** explain_claims_and_steals - has this line __rmqueue_claim() and __rmqueue_steal()? */
bool explain_claims_and_steals(const struct kernel_profile *profile);

/** explain_gfp_meaning - one clause for a stable gfp bit; NULL where the bit decides nothing here */
const char *explain_gfp_meaning(uint32_t bit);
/** explain_flag_meaning - one clause for an alloc flag's name; NULL where there is none */
const char *explain_flag_meaning(const char *name);
const char *explain_mark_name(unsigned int mark); /* "LOW" */
const char *explain_type_meaning(unsigned int mt);

/** explain_kind_function, explain_kind_meaning - of kinds of event that are no page event: enum
 * trace_event_type */
const char *explain_kind_function(unsigned int type);
const char *explain_kind_meaning(unsigned int type);

/* ---- text ---------------------------------------------------------------------------------- */

#define EXPLAIN_WIDTH 79

/**
 * struct teller - what the routines that write text go by
 * @full: long rows of pages in full
 * @story: the steps; @claims: see explain_claims_and_steals()
 */
struct teller {
	FILE *out;
	const struct explain *e;
	const struct trace_reader *reader;
	const struct mmr_story *story;
	bool claims, full;
};

/* Strings below are valid for eight more calls. */
const char *words(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** grouped - 12345678 as "12,345,678": counts, never page numbers */
const char *grouped(int64_t n);
/** plural - "1 page", "12 pages" */
const char *plural(int64_t n, const char *one, const char *many);
/** type_words - a migratetype: "Movable" */
const char *type_words(unsigned int mt);
/** zone_words - "node0/Normal" */
const char *zone_words(uint16_t zone_id);
/** list_words - "order 0, Movable": a per-CPU list by its number */
const char *list_words(unsigned int pindex);
/** pages_words - "1 page (4 KiB)", "512 pages (2 MiB)" */
const char *pages_words(unsigned int order);
/** heading - a line of its own: what happens, and at the right the kernel function */
void heading(const struct teller *t, const char *function, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** para - text, wrapped and indented; a first line may begin with a label of @indent columns */
void para(const struct teller *t, unsigned int indent, const char *label, const char *text);

/* Each writes the steps from @at on that belong together. Return: the step to go on with. */
uint32_t put_pcp(const struct teller *t, uint32_t at);
uint32_t put_buddy(const struct teller *t, uint32_t at);
uint32_t put_fallback(const struct teller *t, uint32_t at);
uint32_t put_free(const struct teller *t, uint32_t at);
uint32_t put_drain(const struct teller *t, uint32_t at);
uint32_t put_inserted(const struct teller *t, uint32_t at);
/** put_refill_sized - a refill from its REFILL_SIZE step on */
uint32_t put_refill_sized(const struct teller *t, uint32_t at);
/** put_handed_out - pages of a bulk allocation that came one after the other */
uint32_t put_handed_out(const struct teller *t, uint32_t at);
/** put_kind - what an event of another kind is */
void put_kind(const struct teller *t);
/** explain_asker - "sh (task 136) on CPU 0" */
const char *explain_asker(const struct teller *t);
/** explain_place_words - "free: in block 4711 of order 3, Movable" */
const char *explain_place_words(const struct explain_look *look);
/** put_recording - the kernel's side and the verdict */
void put_recording(const struct teller *t);
void put_life(const struct teller *t);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel lines the model knows, and switching single behaviours by name. */
#include "core/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile_axes.h"

/* What 6.12 and the lines after it share. */
#define SINCE_6_12                                                                                             \
	.steal = STEAL_CLAIM, .pcp = PCP_6_7, .decay = DECAY_BATCHED, .hygiene = 1, .merge_retype = 1,         \
	.split_large_frees = 1, .acct_per_page = 1, .highatomic_acct = HIGHATOMIC_ACCT_FREE,                   \
	.highatomic_gate = HIGHATOMIC_GATE_HIGH, .highatomic_limit = HIGHATOMIC_LIMIT_ROUND_UP,                \
	.nonblock_fallback = 1, .below_high = 1, .zone_movable_min = 1, .boost_wake_gated = 1,                 \
	.boost_ignore = BOOST_IGNORE_MIN_RESERVE, .expire_keeps_worker = 1, .pcp_batch_scale_max = 5,          \
	.free_batch = FREE_BATCH_FOLIOS, .capture_movable = 1

/* What 7.1 and the lines after it share beyond that. */
#define SINCE_7_1                                                                                              \
	SINCE_6_12, .free_high = FREE_HIGH_BATCH_HALF_MIN, .skip_busy_nodes = 1, .isolate_bit = 1,             \
		    .retry_free = RETRY_FREE_ONCE, .pcp_overflow = PCP_OVERFLOW_CHUNKED,                       \
		    .slowpath = SLOWPATH_7_X, .bulk_mark = BULK_MARK_REMAINING,                                \
		    .vmalloc = VMALLOC_LARGE_FIRST, .compact_mark = COMPACT_MARK_CALLER,                       \
		    .proactive = PROACTIVE_LEEWAY, .kswapd_hopeless = KSWAPD_HOPELESS_BALANCED,                \
		    .lru = LRU_GEN_SCAN, .demote = DEMOTE_FILTERED_NEAREST, .defrag_mode = DEFRAG_MODE_SYSCTL, \
		    .types = TYPES_6 /* as Debian configures it */

static const struct kernel_profile profiles[] = {
	{
		.name = "6.1",
		.steal = STEAL_OLD,
		.pcp = PCP_5_14,
		.decay = DECAY_NONE,
		.highatomic_acct = HIGHATOMIC_ACCT_RESERVED,
		.highatomic_gate = HIGHATOMIC_GATE_HIGH,
		.highatomic_limit = HIGHATOMIC_LIMIT_PLUS_BLOCK,
		.highatomic_path = HIGHATOMIC_PATH_6_18,
		.nonblock_fallback = 1,
		.boost_ignore = BOOST_IGNORE_ATOMIC,
		.node_reclaim_retest = 1,
		.thisnode_noretry = 1,
		.cma_skips_pcp = 1,
		.trace_dialect = TRACE_DIALECT_6_1,
		.buddyinfo_locked = 1,
		.pcp_batch_scale_max = 5,
	},
	{
		.name = "6.12",
		SINCE_6_12,
		.lru = LRU_GEN, /* as Debian configures it; so are the later lines, and 6.1 with lists */
		.free_high = FREE_HIGH_BATCH,
		.gfp_names = GFP_NAMES_6_10,
		.node_reclaim_retest = 1,
		.thisnode_noretry = 1,
		.trace_dialect = TRACE_DIALECT_6_15, /* 6.12.y has the fallback of 6.15 */
		.buddyinfo_locked = 1,
	},
	{
		.name = "6.18",
		SINCE_6_12,
		.free_high = FREE_HIGH_BATCH_HALF_MIN,
		.gfp_names = GFP_NAMES_6_10,
		.skip_busy_nodes = 1,
		.isolate_bit = 1,
		.retry_free = RETRY_FREE_ONCE,
		.node_reclaim_retest = 1,
		.compact_mark = COMPACT_MARK_CALLER,
		.proactive = PROACTIVE_LEEWAY,
		.kswapd_hopeless = KSWAPD_HOPELESS_PCP,
		.lru = LRU_GEN_SCAN,
		.trace_dialect = TRACE_DIALECT_6_15,
		.buddyinfo_locked = 1,
		.defrag_mode = DEFRAG_MODE_SYSCTL,
	},
	{
		.name = "7.1",
		SINCE_7_1,
		.highatomic_path = HIGHATOMIC_PATH_7_1,
		.node_reclaim_retest = 1,
		.gfp_names = GFP_NAMES_6_10,
		.trace_dialect = TRACE_DIALECT_6_15,
		.buddyinfo_locked = 1,
	},
	{
		.name = "7.2",
		SINCE_7_1,
		.highatomic_path = HIGHATOMIC_PATH_7_1,
		.node_reclaim_retest = 1,
		.contig_free = CONTIG_FREE_PIECES,
		.compact_source = COMPACT_SOURCE_7_2,
		.capture = CAPTURE_REQUEST_ORDER,
		.gfp_names = GFP_NAMES_6_10,
		.trace_dialect = TRACE_DIALECT_7_2,
		.buddyinfo_locked = 1,
		.defrag_promote = DEFRAG_PROMOTE_7_2,
	},
	{
		.name = "7.3",
		SINCE_7_1,
		.highatomic_path = HIGHATOMIC_PATH_7_3,
		.contig_free = CONTIG_FREE_PIECES,
		.compact_source = COMPACT_SOURCE_7_2,
		.capture = CAPTURE_REQUEST_ORDER,
		.gfp_names = GFP_NAMES_7_3,
		.trace_dialect = TRACE_DIALECT_7_2,
		.defrag_promote = DEFRAG_PROMOTE_7_3,
	},
};

#define NR_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

static const char *const line_names[] = {profiles[0].name,
					 profiles[1].name,
					 profiles[2].name,
					 profiles[3].name,
					 profiles[4].name,
					 profiles[5].name,
					 NULL};
_Static_assert(sizeof(line_names) / sizeof(line_names[0]) == NR_PROFILES + 1,
	       "every line has its name in the list");

static const char *const off_on[] = {"0", "1", NULL};
static const char *const zero_to_six[] = {"0", "1", "2", "3", "4", "5", "6", NULL};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Values in the order of the enums of profile_axes.h. */
static const struct axis {
	const char *name;
	size_t offset;
	const char *const *values;
	const char *about; /* one line */
} axes[] = {
#define AXIS_CALLED(name, field, list, about)                                                                  \
	{                                                                                                      \
		name, offsetof(struct kernel_profile, field), list, about                                      \
	}
#define AXIS(field, list, about) AXIS_CALLED(#field, field, list, about)
	AXIS(steal, NAMES("old", "6.10", "6.15"),
	     "when a type's own lists are empty: what is taken from another's"),
	AXIS(pcp, NAMES("5.14", "6.7"), "sizing of per-CPU lists: fixed high and free_factor, or auto-tuned"),
	AXIS_CALLED("free_high_T", free_high, NAMES("batch", "batch+high_min/2"),
		    "pages freed in a row before high orders empty the list"),
	AXIS(decay, NAMES("none", "one", "batched"),
	     "the vmstat worker lowers a list's high: never, at once, in batches"),
	AXIS(hygiene, off_on, "a free page is always on the list of its pageblock's type"),
	AXIS(merge_retype, off_on, "merging gives the buddy's pageblocks the freed page's type"),
	AXIS(split_large_frees, off_on, "frees above a pageblock go in pageblock by pageblock"),
	AXIS(acct_per_page, off_on, "NR_FREE_PAGES changes with each block taken, not once per refill"),
	AXIS(highatomic_acct, NAMES("reserved", "free"),
	     "what marks leave out: the reserve, or what of it is free"),
	AXIS(highatomic_gate, NAMES("nonblock", "high"),
	     "who uses the reserve: all that cannot wait, or __GFP_HIGH alone"),
	AXIS(highatomic_limit, NAMES("plus_block", "round_up"),
	     "size of the reserve: 1 % and a pageblock, or 1 % rounded up"),
	AXIS_CALLED("highatomic", highatomic_path, NAMES("6.18", "7.1", "7.3"),
		    "where the reserve is used and made: slow path, no refill, fast path too"),
	AXIS_CALLED("oom_or_nonblock_fallback", nonblock_fallback, off_on,
		    "a failed non-blocking request takes from the reserve"),
	AXIS(skip_busy_nodes, off_on, "nodes whose kswapd is awake are passed by at first"),
	AXIS(below_high, off_on, "zones below the high mark are flagged, and their lists kept short"),
	AXIS(zone_movable_min, off_on, "ZONE_MOVABLE takes no share of min_free_kbytes"),
	AXIS(boost_wake_gated, off_on, "only who may wake kswapd wakes it for a boost"),
	AXIS(boost_ignore, NAMES("atomic", "min_reserve"),
	     "who ignores a boost at the min mark: __GFP_ATOMIC or __GFP_HIGH"),
	AXIS(expire_keeps_worker, off_on, "a remote list that expires keeps the vmstat worker alive"),
	AXIS(pcp_overflow, NAMES("single", "chunked"),
	     "an overlong list is freed in one go, or in batches that overshoot"),
	AXIS(slowpath, NAMES("6.18", "7.x"), "order of the slow path's steps"),
	AXIS(retry_free, NAMES("twice", "once"),
	     "where nothing can be reclaimed the free pages count double for another round"),
	AXIS(node_reclaim_retest, off_on, "the mark is tested again after a fruitless node reclaim"),
	AXIS(bulk_mark, NAMES("all", "remaining"),
	     "a bulk request's mark counts all its pages, or those missing"),
	AXIS(contig_free, NAMES("per_page", "pieces"), "vfree() frees page by page, or neighbours together"),
	AXIS(vmalloc, NAMES("bulk", "large_first"),
	     "vmalloc takes single pages in bulk, or large blocks first"),
	AXIS(free_batch, NAMES("order0", "folios"),
	     "what waits for a batch's second pass: order 0, or all with a list"),
	AXIS(isolate_bit, off_on, "isolation is a bit beside the pageblock's type"),
	AXIS(compact_source, NAMES("6.18", "7.2"), "which pageblocks compaction empties for whom"),
	AXIS(compact_mark, NAMES("min", "caller"),
	     "room that compaction wants: beyond min or low, or beyond the caller's mark"),
	AXIS(capture, NAMES("cc_order", "request_order"), "order of the block a compacting request may catch"),
	AXIS(capture_movable, off_on, "movable requests catch blocks of movable pageblocks"),
	AXIS(proactive, NAMES("capped", "leeway"), "thresholds of proactive compaction"),
	AXIS(thisnode_noretry, off_on, "a costly request of one node gives up after compaction"),
	AXIS(cma_skips_pcp, off_on, "movable requests without a right to CMA pass per-CPU lists by"),
	AXIS(kswapd_hopeless, NAMES("progress", "pcp", "balanced"), "what lets a given-up kswapd try again"),
	AXIS(lru, NAMES("lists", "gen", "gen+scan"),
	     "what reclaim takes at a time: a share of the lists, a batch of the oldest generation, no more "
	     "than asked"),
	AXIS(demote, NAMES("random", "filtered+nearest"), "where demoted pages go"),
	AXIS(types, NAMES("5", "6"), "number of migratetypes: without CMA, with CMA"),
	AXIS(gfp_names, NAMES("6.1", "6.10", "7.3"), "which gfp flags there are"),
	AXIS(trace_dialect, NAMES("6.1", "6.9", "6.10", "6.15", "7.2"),
	     "how a recording's events are to be read"),
	AXIS(buddyinfo_locked, off_on, "/proc/buddyinfo is read under zone->lock"),
	AXIS(shuffle, off_on, "page_alloc.shuffle=1"),
	AXIS(pcp_batch_scale_max, zero_to_six, "CONFIG_PCP_BATCH_SCALE_MAX"),
	AXIS(defrag_mode, NAMES("0", "1", "sysctl"), "vm.defrag_mode: off, on, or as the machine says"),
	AXIS(defrag_promote, NAMES("no", "7.2", "7.3"),
	     "with defrag_mode small requests want a whole pageblock freed"),
};

#define NR_AXES (sizeof(axes) / sizeof(axes[0]))

const struct kernel_profile *kernel_profile_find(const char *name)
{
	for (size_t i = 0; i < NR_PROFILES; i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

const char *kernel_profile_name(const struct kernel_profile *profile)
{
	return profile->name;
}

const char *const *kernel_profile_list(void)
{
	return line_names;
}

const struct kernel_profile *kernel_profile_for_release(const char *release)
{
	for (size_t i = 0; i < NR_PROFILES; i++) {
		size_t len = strlen(profiles[i].name);

		if (!strncmp(release, profiles[i].name, len) && (release[len] < '0' || release[len] > '9'))
			return &profiles[i];
	}
	return NULL;
}

const char *kernel_profile_axis(size_t index, const char *const **values)
{
	if (index >= NR_AXES)
		return NULL;
	if (values)
		*values = axes[index].values;
	return axes[index].name;
}

const char *kernel_profile_axis_about(size_t index)
{
	return index < NR_AXES ? axes[index].about : NULL;
}

const char *kernel_profile_axis_value(const struct kernel_profile *profile, size_t index)
{
	return axes[index].values[*((const uint8_t *)profile + axes[index].offset)];
}

bool kernel_profile_is(const struct kernel_profile *profile, const char *axis, const char *value)
{
	for (size_t i = 0; i < NR_AXES; i++)
		if (!strcmp(axes[i].name, axis))
			return !strcmp(kernel_profile_axis_value(profile, i), value);
	return false;
}

/* ---- derived profiles ------------------------------------------------------------------------ */

/* Names one after the other, as far as they fit. */
static void join(char *text, size_t size, const char *const *names)
{
	size_t len = 0;

	*text = '\0';
	for (; *names && len < size; names++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ", " : "", *names);
}

static bool same_word(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && !strncmp(name, word, len);
}

/* One "axis=value" of @len characters. */
static int set_axis(struct kernel_profile *profile, const char *pair, size_t len, struct mmr_error *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	size_t value_len = equals ? len - name_len - 1 : 0;
	const char *names[NR_AXES + 1] = {NULL};
	char text[900];

	for (size_t i = 0; i < NR_AXES; i++) {
		names[i] = axes[i].name;
		if (!equals || !same_word(axes[i].name, pair, name_len))
			continue;
		for (uint8_t value = 0; axes[i].values[value]; value++) {
			if (!same_word(axes[i].values[value], equals + 1, value_len))
				continue;
			*((uint8_t *)profile + axes[i].offset) = value;
			return 0;
		}
		join(text, sizeof(text), axes[i].values);
		return mmr_err(err, -EINVAL, "kernel profile: %s is %.*s, expected one of %s", axes[i].name,
			       (int)value_len, equals + 1, text);
	}
	join(text, sizeof(text), names);
	return mmr_err(err, -EINVAL, "kernel profile: %.*s, expected axis=value with an axis of %s", (int)len,
		       pair, text);
}

int kernel_profile_parse(const char *spec, struct kernel_profile **ret, struct mmr_error *err)
{
	size_t len = strcspn(spec, ",");
	struct kernel_profile *profile;
	char text[80];
	int rc = 0;

	if (strlen(spec) >= KERNEL_PROFILE_NAME_MAX)
		return mmr_err(err, -EINVAL, "kernel profile: %zu characters, expected less than %d",
			       strlen(spec), KERNEL_PROFILE_NAME_MAX);
	profile = malloc(sizeof(*profile));
	if (!profile)
		return mmr_err(err, -ENOMEM, "kernel profile: no memory");
	for (size_t i = 0; i < NR_PROFILES; i++) {
		if (!same_word(profiles[i].name, spec, len))
			continue;
		*profile = profiles[i];
		for (const char *pair = spec + len; !rc && *pair; pair += strcspn(pair, ",")) {
			pair++;
			rc = set_axis(profile, pair, strcspn(pair, ","), err);
		}
		if (rc) {
			free(profile);
			return rc;
		}
		memcpy(profile->name, spec, strlen(spec) + 1);
		*ret = profile;
		return 0;
	}
	free(profile);
	join(text, sizeof(text), line_names);
	return mmr_err(err, -EINVAL, "kernel profile: line %.*s, expected one of %s", (int)len, spec, text);
}

void kernel_profile_destroy(struct kernel_profile *profile)
{
	free(profile);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and meanings of what a story tells, for text and JSON. */
#include "replay/explain/explain_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/step.h"

/* @old: the function of lines before 6.15, where another one */
static const struct {
	const char *name, *function, *old;
} kinds[NR_MMR_STORY_KINDS] = {
	[MMR_STORY_REQUEST] = {"request", "__alloc_pages()", NULL},
	[MMR_STORY_CONTEXT] = {"alloc_context", "prepare_alloc_pages()", NULL},
	[MMR_STORY_ZONEREF] = {"zoneref", "prepare_alloc_pages()", NULL},
	[MMR_STORY_SCAN] = {"scan", "get_page_from_freelist()", NULL},
	[MMR_STORY_PASS_BY] = {"pass_by", "get_page_from_freelist()", NULL},
	[MMR_STORY_AGAIN] = {"scan_again", "get_page_from_freelist()", NULL},
	[MMR_STORY_MARK] = {"mark", "get_page_from_freelist()", NULL},
	[MMR_STORY_WATERMARK] = {"watermark", "zone_watermark_fast()", NULL},
	[MMR_STORY_BELOW_HIGH] = {"below_high", "get_page_from_freelist()", NULL},
	[MMR_STORY_NO_WATERMARKS] = {"no_watermarks", "get_page_from_freelist()", NULL},
	[MMR_STORY_NODE_RECLAIM] = {"node_reclaim", "node_reclaim()", NULL},
	[MMR_STORY_PCP] = {"pcp", "rmqueue_pcplist()", NULL},
	[MMR_STORY_PCP_LOCKED] = {"pcp_locked", "rmqueue_pcplist()", NULL},
	[MMR_STORY_POP] = {"pop", "__rmqueue_pcplist()", NULL},
	[MMR_STORY_REFILL_SIZE] = {"refill_size", "nr_pcp_alloc()", NULL},
	[MMR_STORY_REFILL_PAGE] = {"refill_page", "rmqueue_bulk()", NULL},
	[MMR_STORY_REFILL_END] = {"refill_end", "rmqueue_bulk()", NULL},
	[MMR_STORY_BUDDY] = {"buddy", "rmqueue_buddy()", NULL},
	[MMR_STORY_TAKE] = {"take", "__rmqueue_smallest()", NULL},
	[MMR_STORY_NOTHING] = {"nothing", "__rmqueue_smallest()", NULL},
	[MMR_STORY_SPLIT] = {"split", "expand()", NULL},
	[MMR_STORY_FOREIGN] = {"foreign_block", "__rmqueue_claim()", "__rmqueue_fallback()"},
	[MMR_STORY_CLAIM_TEST] = {"claim_test", "try_to_claim_block()", "steal_suitable_fallback()"},
	[MMR_STORY_MOVE] = {"move", "move_to_free_list()", NULL},
	[MMR_STORY_CLAIM] = {"claim", "try_to_claim_block()", "steal_suitable_fallback()"},
	[MMR_STORY_STEAL] = {"steal", "__rmqueue_steal()", "steal_suitable_fallback()"},
	[MMR_STORY_BOOST] = {"boost", "boost_watermark()", NULL},
	[MMR_STORY_HIGHATOMIC] = {"highatomic_reserve", "reserve_highatomic_pageblock()", NULL},
	[MMR_STORY_SLOWPATH] = {"slowpath", "__alloc_pages_slowpath()", NULL},
	[MMR_STORY_KSWAPD] = {"kswapd", "wakeup_kswapd()", NULL},
	[MMR_STORY_RESERVES] = {"reserves", "__gfp_pfmemalloc_flags()", NULL},
	[MMR_STORY_MASK_DROPPED] = {"nodemask_dropped", "__alloc_pages_slowpath()", NULL},
	[MMR_STORY_RECLAIM] = {"direct_reclaim", "__alloc_pages_direct_reclaim()", NULL},
	[MMR_STORY_DRAIN_ALL] = {"drain_all", "drain_all_pages()", NULL},
	[MMR_STORY_COMPACT] = {"direct_compact", "__alloc_pages_direct_compact()", NULL},
	[MMR_STORY_RETRY] = {"retry", "should_reclaim_retry()", NULL},
	[MMR_STORY_LAST_LOOK] = {"last_look", "__alloc_pages_may_oom()", NULL},
	[MMR_STORY_PAGE] = {"page", "prep_new_page()", NULL},
	[MMR_STORY_NO_PAGE] = {"no_page", "__alloc_pages()", NULL},
	[MMR_STORY_FREE] = {"free", "__free_pages()", NULL},
	[MMR_STORY_HIGH] = {"high", "nr_pcp_high()", NULL},
	[MMR_STORY_OVERFLOW] = {"overflow", "nr_pcp_free()", NULL},
	[MMR_STORY_DRAIN] = {"drain", "free_pcppages_bulk()", NULL},
	[MMR_STORY_DRAIN_PAGE] = {"drain_page", "free_pcppages_bulk()", NULL},
	[MMR_STORY_MERGE] = {"merge", "__free_one_page()", NULL},
	[MMR_STORY_INSERT] = {"insert", "__free_one_page()", NULL},
};

const char *explain_step_name(enum mmr_story_kind kind)
{
	return kinds[kind].name;
}

const char *explain_function(enum mmr_story_kind kind, bool claims_and_steals)
{
	return !claims_and_steals && kinds[kind].old ? kinds[kind].old : kinds[kind].function;
}

bool explain_claims_and_steals(const struct kernel_profile *profile)
{
	return kernel_profile_is(profile, "steal", "6.15");
}

const char *explain_gfp_meaning(uint32_t bit)
{
	switch (bit) {
	case MMR_GFP_DMA:
		return "only from zone DMA, for old devices";
	case MMR_GFP_DMA32:
		return "only from below 4 GiB";
	case MMR_GFP_HIGHMEM:
		return "any zone of ordinary memory will do";
	case MMR_GFP_MOVABLE:
		return "the page may be moved later";
	case MMR_GFP_RECLAIMABLE:
		return "the page can be got back under pressure";
	case MMR_GFP_HIGH:
		return "may use a part of the reserves";
	case MMR_GFP_IO:
		return "may start I/O to free memory";
	case MMR_GFP_FS:
		return "may call into file systems to free memory";
	case MMR_GFP_ATOMIC:
		return "cannot wait and matters much";
	case MMR_GFP_DIRECT_RECLAIM:
		return "may free memory itself and wait for it";
	case MMR_GFP_KSWAPD_RECLAIM:
		return "may wake kswapd, which frees memory in the background";
	case MMR_GFP_WRITE:
		return "the page will be written to a file";
	case MMR_GFP_RETRY_MAYFAIL:
		return "try hard, but failing is allowed";
	case MMR_GFP_NOFAIL:
		return "must not fail";
	case MMR_GFP_NORETRY:
		return "give up early";
	case MMR_GFP_MEMALLOC:
		return "may use all reserves";
	case MMR_GFP_NOMEMALLOC:
		return "must not use the emergency reserves";
	case MMR_GFP_HARDWALL:
		return "only nodes of the task's cpuset";
	case MMR_GFP_THISNODE:
		return "only from this node";
	default:
		return NULL;
	}
}

const char *explain_flag_meaning(const char *name)
{
	static const struct {
		const char *name, *meaning;
	} meanings[] = {
		{"NO_WATERMARKS", "may ignore the marks"},
		{"OOM", "is a victim of the OOM killer: half the mark is enough"},
		{"NON_BLOCK", "cannot wait: a quarter less is enough"},
		{"MIN_RESERVE", "has high priority: half the mark is enough"},
		{"CPUSET", "stays within the task's cpuset"},
		{"CMA", "may take pages of CMA areas, as movable ones may"},
		{"NOFRAGMENT", "takes pages of another type only as whole pageblocks"},
		{"HIGHATOMIC", "may take from the reserve for high-order atomic requests"},
		{"TRYLOCK", "waits for no lock"},
		{"KSWAPD", "may wake kswapd"},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (!strcmp(meanings[i].name, name))
			return meanings[i].meaning;
	}
	return NULL;
}

const char *explain_mark_name(unsigned int mark)
{
	static const char *const names[NR_WMARK] = {"MIN", "LOW", "HIGH", "PROMO"};

	return mark < NR_WMARK ? names[mark] : "?";
}

const char *explain_type_meaning(unsigned int mt)
{
	switch (mt) {
	case MIGRATE_UNMOVABLE:
		return "stays where it is until it is freed";
	case MIGRATE_MOVABLE:
		return "its contents can be moved elsewhere later";
	case MIGRATE_RECLAIMABLE:
		return "cannot be moved, but given up under pressure";
	case MIGRATE_HIGHATOMIC:
		return "set aside for high-order atomic requests";
	case MIGRATE_CMA:
		return "lent out until a device needs the area";
	case MIGRATE_ISOLATE:
		return "set aside, serves nobody";
	default:
		return "?";
	}
}

/* ---- text ---------------------------------------------------------------------------------- */

static char *next_buffer(size_t *size)
{
	static _Thread_local char buffers[9][400];
	static _Thread_local unsigned int turn;

	*size = sizeof(buffers[0]);
	return buffers[turn++ % 9];
}

const char *words(const char *fmt, ...)
{
	size_t size;
	char *buffer = next_buffer(&size);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buffer, size, fmt, args);
	va_end(args);
	return buffer;
}

const char *grouped(int64_t n)
{
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	size_t size;
	char *buffer = next_buffer(&size), *at = buffer + size - 1;

	*at = '\0';
	for (unsigned int digits = 0; rest || !digits; rest /= 10, digits++) {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + rest % 10);
	}
	if (n < 0)
		*--at = '-';
	return at;
}

const char *plural(int64_t n, const char *one, const char *many)
{
	return words("%s %s", grouped(n), n == 1 ? one : many);
}

const char *type_words(unsigned int mt)
{
	return mmr_migratetype_name((enum migratetype)mt);
}

const char *zone_words(uint16_t zone_id)
{
	return words("node%u/%s", zone_id >> 3, mmr_zone_name((enum zone_type)(zone_id & 7)));
}

const char *list_words(unsigned int pindex)
{
	unsigned int order = mmr_step_pindex_order(pindex);

	if (order == HPAGE_PMD_ORDER)
		return words("order %u, %s", order,
			     pindex == NR_PCP_LISTS - 1 ? "Movable" : "Unmovable and Reclaimable");
	return words("order %u, %s", order,
		     mmr_migratetype_name((enum migratetype)(pindex % MIGRATE_PCPTYPES)));
}

const char *pages_words(unsigned int order)
{
	unsigned int kib = 4u << order;

	if (!order)
		return "1 page (4 KiB)";
	return kib < 1024 ? words("%u pages (%u KiB)", 1u << order, kib)
			  : words("%u pages (%u MiB)", 1u << order, kib / 1024);
}

void heading(const struct teller *t, const char *function, const char *fmt, ...)
{
	char title[EXPLAIN_WIDTH + 1];
	va_list args;
	int room;

	va_start(args, fmt);
	vsnprintf(title, sizeof(title), fmt, args);
	va_end(args);
	room = EXPLAIN_WIDTH - (int)strlen(title);
	if (!function)
		fprintf(t->out, "\n%s\n", title);
	else if ((int)strlen(function) + 2 <= room)
		fprintf(t->out, "\n%s%*s\n", title, room, function);
	else
		fprintf(t->out, "\n%s\n%*s\n", title, EXPLAIN_WIDTH, function);
}

void para(const struct teller *t, unsigned int indent, const char *label, const char *text)
{
	unsigned int column = (unsigned int)fprintf(t->out, "%-*s", (int)indent, label);
	bool begun = false;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (begun && column + 1 + len > EXPLAIN_WIDTH) {
			column = (unsigned int)fprintf(t->out, "\n%*s", (int)indent, "") - 1;
			begun = false;
		}
		column += (unsigned int)fprintf(t->out, "%s%.*s", begun ? " " : "", (int)len, text);
		begun = true;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', t->out);
}

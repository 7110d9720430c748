// SPDX-License-Identifier: GPL-2.0-or-later
/* The KEYFRAME payload: one zone's state as tagged fields. */
#include <stdlib.h>

#include "traces/format.h"
#include "traces/mmt_payload.h"

static const struct mmt_scalar kf_scalars[] = {
	MMT_SCALAR(MMT_K_TIME, struct trace_keyframe, ts_ns),
	MMT_SCALAR(MMT_K_NID, struct trace_keyframe, nid),
	MMT_SCALAR(MMT_K_ZONE, struct trace_keyframe, zone),
	MMT_SCALAR(MMT_K_FLAGS, struct trace_keyframe, flags),
	MMT_SCALAR(MMT_K_WALK_NS, struct trace_keyframe, walk_ns),
	MMT_SCALAR(MMT_K_NR_FREE, struct trace_keyframe, nr_free_pages),
	MMT_SCALAR(MMT_K_BOOST, struct trace_keyframe, watermark_boost),
	MMT_SCALAR(MMT_K_ZONE_FLAGS, struct trace_keyframe, zone_flags),
	MMT_SCALAR(MMT_K_RESERVED_HIGHATOMIC, struct trace_keyframe, nr_reserved_highatomic),
	MMT_SCALAR(MMT_K_FREE_HIGHATOMIC, struct trace_keyframe, nr_free_highatomic),
	MMT_SCALAR(MMT_K_NR_MISSING, struct trace_keyframe, nr_missing),
	MMT_SCALAR(MMT_K_HOLD_NS, struct trace_keyframe, hold_ns),
};
#define NR_KF_SCALARS (sizeof(kf_scalars) / sizeof(kf_scalars[0]))

static const struct mmt_scalar pcp_scalars[] = {
	MMT_SCALAR(MMT_P_TIME, struct trace_pcp, ts_ns),
	MMT_SCALAR(MMT_P_CPU, struct trace_pcp, cpu),
	MMT_SCALAR(MMT_P_COUNT, struct trace_pcp, count),
	MMT_SCALAR(MMT_P_HIGH, struct trace_pcp, high),
	MMT_SCALAR(MMT_P_HIGH_MIN, struct trace_pcp, high_min),
	MMT_SCALAR(MMT_P_HIGH_MAX, struct trace_pcp, high_max),
	MMT_SCALAR(MMT_P_BATCH, struct trace_pcp, batch),
	MMT_SCALAR(MMT_P_FREE_COUNT, struct trace_pcp, free_count),
	MMT_SCALAR(MMT_P_FLAGS, struct trace_pcp, flags),
	MMT_SCALAR(MMT_P_ALLOC_FACTOR, struct trace_pcp, alloc_factor),
	MMT_SCALAR(MMT_P_EXPIRE, struct trace_pcp, expire),
};
#define NR_PCP_SCALARS (sizeof(pcp_scalars) / sizeof(pcp_scalars[0]))

/*
 * A block list: runs of one order and migratetype, each as order, type, length and the distances
 * between neighbours' pfns. Order and type of neighbours rarely differ, pfns are often close.
 */
static void put_blocks(struct mmt_buf *buf, uint16_t tag, const struct trace_free_block *blocks, uint64_t nr)
{
	size_t at = mmt_open_tag(buf, tag);
	uint32_t pfn = 0;

	for (uint64_t i = 0, end; i < nr; i = end) {
		for (end = i + 1; end < nr; end++)
			if (blocks[end].order != blocks[i].order ||
			    blocks[end].migratetype != blocks[i].migratetype)
				break;
		mmt_put_u8(buf, blocks[i].order);
		mmt_put_u8(buf, blocks[i].migratetype);
		mmt_put_varint(buf, end - i);
		for (uint64_t k = i; k < end; k++) {
			mmt_put_varint(buf, mmt_zigzag((int64_t)blocks[k].pfn - (int64_t)pfn));
			pfn = blocks[k].pfn;
		}
	}
	mmt_close_tag(buf, at);
}

static const char *get_blocks(struct mmt_cursor *c, struct trace_free_block **ret, uint64_t *nr)
{
	uint32_t n = 0;
	uint64_t pfn = 0;

	if (*ret)
		return "a block list is given twice";
	while (mmt_left(c)) {
		uint8_t order = mmt_get_u8(c), mt = mmt_get_u8(c);
		uint64_t run = mmt_get_varint(c);

		if (c->bad || !run || run > mmt_left(c))
			return "a run of a block list is longer than its bytes";
		while (run--) {
			pfn += (uint64_t)mmt_unzigzag(mmt_get_varint(c));
			if (c->bad || pfn > UINT32_MAX)
				return "a block list is cut off or has a pfn above 32 bits";
			if (!mmt_grow((void **)ret, n, sizeof(**ret)))
				return "no memory for a block list";
			(*ret)[n++] = (struct trace_free_block){(uint32_t)pfn, order, mt};
		}
	}
	*nr = n;
	return NULL;
}

static void put_pcp(struct mmt_buf *buf, const struct trace_pcp *pcp)
{
	size_t at = mmt_open_tag(buf, MMT_K_PCP), list;

	mmt_put_scalars(buf, pcp_scalars, NR_PCP_SCALARS, pcp);
	mmt_put_uint(buf, MMT_P_HAVE_LISTS, pcp->have_lists, 1);
	list = mmt_open_tag(buf, MMT_P_LIST_LEN);
	for (size_t i = 0; i < TRACE_NR_PCP_LISTS; i++)
		mmt_put_varint(buf, pcp->list_len[i]);
	mmt_close_tag(buf, list);
	put_blocks(buf, MMT_P_ENTRIES, pcp->entries, pcp->nr_entries);
	mmt_close_tag(buf, at);
}

static const char *get_list_len(struct trace_pcp *pcp, struct mmt_cursor *c)
{
	for (size_t i = 0; i < TRACE_NR_PCP_LISTS; i++) {
		uint64_t len = mmt_get_varint(c);

		if (len > UINT32_MAX)
			return "a PCP list's length is impossible";
		pcp->list_len[i] = (uint32_t)len;
	}
	return c->bad ? "the lengths of the PCP lists are cut off" : NULL;
}

static const char *get_pcp_fields(struct trace_pcp *pcp, struct mmt_cursor *c)
{
	uint64_t nr = 0, sum = 0;
	struct mmt_cursor value;
	const char *what = NULL;
	uint16_t tag;

	while (!what && mmt_get_field(c, &tag, &value)) {
		if (tag == MMT_P_HAVE_LISTS)
			pcp->have_lists = mmt_get_uint(&value) != 0;
		else if (tag == MMT_P_LIST_LEN)
			what = get_list_len(pcp, &value);
		else if (tag == MMT_P_ENTRIES)
			what = get_blocks(&value, &pcp->entries, &nr);
		else
			mmt_get_scalar(pcp_scalars, NR_PCP_SCALARS, tag, &value, pcp);
		if (!what && value.bad)
			what = "a number of a PCP is too large or too long";
	}
	if (what || c->bad)
		return what ? what : "a PCP is cut off";
	for (size_t i = 0; i < TRACE_NR_PCP_LISTS; i++)
		sum += pcp->list_len[i];
	if (sum != nr)
		return "the entries of a PCP are not as many as its lists' lengths say";
	pcp->nr_entries = (uint32_t)nr;
	return NULL;
}

static const char *get_pcp(struct trace_keyframe *kf, struct mmt_cursor *c)
{
	struct trace_pcp *pcp;

	if (kf->nr_pcps >= MMT_MAX_CPUS)
		return "more PCPs than CPUs are possible";
	if (!mmt_grow((void **)&kf->pcps, kf->nr_pcps, sizeof(*kf->pcps)))
		return "no memory for a PCP";
	pcp = &kf->pcps[kf->nr_pcps++];
	*pcp = (struct trace_pcp){0};
	return get_pcp_fields(pcp, c);
}

static void put_pageblocks(struct mmt_buf *buf, const struct trace_keyframe *kf)
{
	size_t at = mmt_open_tag(buf, MMT_K_PAGEBLOCK_TYPES);

	for (uint32_t i = 0, end; i < kf->nr_pageblocks; i = end) {
		for (end = i + 1; end < kf->nr_pageblocks; end++)
			if (kf->pageblock_types[end] != kf->pageblock_types[i])
				break;
		mmt_put_u8(buf, kf->pageblock_types[i]);
		mmt_put_varint(buf, end - i);
	}
	mmt_close_tag(buf, at);
}

/* 2^32 pages of 2^9 pages each are the most pageblocks there can be. */
#define MAX_PAGEBLOCKS (1u << 23)

static const char *get_pageblocks(struct trace_keyframe *kf, struct mmt_cursor *c)
{
	struct mmt_cursor again = *c;
	uint64_t total = 0;

	if (kf->pageblock_types)
		return "the pageblock types are given twice";
	while (mmt_left(c) && !c->bad) {
		uint64_t run;

		mmt_get_u8(c);
		run = mmt_get_varint(c);
		if (!run || run > MAX_PAGEBLOCKS || (total += run) > MAX_PAGEBLOCKS)
			return "the pageblock types have an impossible run";
	}
	if (c->bad)
		return "the pageblock types are cut off";
	if (!total)
		return NULL;
	kf->pageblock_types = malloc(total);
	if (!kf->pageblock_types)
		return "no memory for the pageblock types";
	while (kf->nr_pageblocks < total) {
		uint8_t type = mmt_get_u8(&again);
		uint32_t run = (uint32_t)mmt_get_varint(&again);

		memset(kf->pageblock_types + kf->nr_pageblocks, type, run);
		kf->nr_pageblocks += run;
	}
	return NULL;
}

static const char *get_diffs(struct trace_keyframe *kf, struct mmt_cursor *c)
{
	if (kf->vm_stat_diff)
		return "the per-CPU counts are given twice";
	if (mmt_left(c) > MMT_MAX_CPUS * 3)
		return "more per-CPU counts than CPUs are possible";
	if (!mmt_left(c))
		return NULL;
	kf->vm_stat_diff = calloc(mmt_left(c), sizeof(*kf->vm_stat_diff));
	if (!kf->vm_stat_diff)
		return "no memory for the per-CPU counts";
	while (mmt_left(c)) {
		int64_t v = mmt_unzigzag(mmt_get_varint(c));

		if (c->bad || v < INT16_MIN || v > INT16_MAX)
			return "a per-CPU count is cut off or too large";
		kf->vm_stat_diff[kf->nr_vm_stat_diff++] = (int16_t)v;
	}
	return NULL;
}

void mmt_put_keyframe(struct mmt_buf *buf, const struct trace_keyframe *kf)
{
	size_t at;

	mmt_put_scalars(buf, kf_scalars, NR_KF_SCALARS, kf);
	put_blocks(buf, MMT_K_BLOCKS, kf->blocks, kf->nr_blocks);
	if (kf->pageblock_types)
		put_pageblocks(buf, kf);
	for (uint32_t i = 0; i < kf->nr_pcps; i++)
		put_pcp(buf, &kf->pcps[i]);
	if (kf->nr_vm_stat_diff) {
		at = mmt_open_tag(buf, MMT_K_VM_STAT_DIFF);
		for (uint32_t i = 0; i < kf->nr_vm_stat_diff; i++)
			mmt_put_varint(buf, mmt_zigzag(kf->vm_stat_diff[i]));
		mmt_close_tag(buf, at);
	}
}

const char *mmt_get_keyframe(struct mmt_cursor *c, struct trace_keyframe *ret)
{
	const char *what = NULL;
	struct mmt_cursor value;
	uint16_t tag;

	*ret = (struct trace_keyframe){0};
	while (!what && mmt_get_field(c, &tag, &value)) {
		if (tag == MMT_K_BLOCKS)
			what = get_blocks(&value, &ret->blocks, &ret->nr_blocks);
		else if (tag == MMT_K_PAGEBLOCK_TYPES)
			what = get_pageblocks(ret, &value);
		else if (tag == MMT_K_PCP)
			what = get_pcp(ret, &value);
		else if (tag == MMT_K_VM_STAT_DIFF)
			what = get_diffs(ret, &value);
		else
			mmt_get_scalar(kf_scalars, NR_KF_SCALARS, tag, &value, ret);
		if (!what && value.bad)
			what = "a number is too large or too long";
	}
	if (!what && c->bad)
		what = "a field runs past its end";
	if (what)
		trace_keyframe_deinit(ret);
	return what;
}

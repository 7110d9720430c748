// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * llfree-rs traces: pages of 4 KiB. The first is a header (three u32: pages, cores, largest pfn), each
 * other one belongs to a CPU (u32 at its start) and holds 255 records of 16 bytes from byte 16 on.
 * Source: eval/src/bin/replay.rs of luhsra/llfree-rs, for the layout.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/mm_types.h"
#include "traces/import/import.h"

#define PAGE_BYTES      4096u
#define RECORD_BYTES    16u
#define FIRST_RECORD    16u
#define MAX_CORES       4096u
#define PAGE_CACHE_FLAG (1u << 28) /* the tracer's own mark, no gfp flag */

struct header {
	uint32_t cores, max_pfn;
};

static uint64_t load(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return le64toh(value);
}

static int read_header(struct import *im, struct header *h, struct mmr_error *err)
{
	if (im->size < PAGE_BYTES)
		return mmr_err(err, -EBADMSG, "%s: byte %zu: the file ends in its header, expected %u bytes",
			       im->path, im->size, PAGE_BYTES);
	h->cores = (uint32_t)load(im->data + 4, 4);
	h->max_pfn = (uint32_t)load(im->data + 8, 4);
	if (!h->cores || h->cores > MAX_CORES)
		return mmr_err(err, -EINVAL,
			       "%s: byte 4: found %u cores, expected 1 to %u as in an llfree trace", im->path,
			       h->cores, MAX_CORES);
	/* Nothing marks the format, but the rest of its header page is empty. */
	for (size_t i = 12; i < PAGE_BYTES; i++)
		if (im->data[i])
			return mmr_err(err, -EINVAL,
				       "%s: byte %zu: found 0x%02x, expected 0 as in an llfree trace", im->path,
				       i, im->data[i]);
	return 0;
}

/* Source: gfp_migratetype(), include/linux/gfp.h, v6.12. */
static uint8_t gfp_migratetype(uint32_t gfp)
{
	return (uint8_t)((gfp & (MMR_GFP_MOVABLE | MMR_GFP_RECLAIMABLE)) >> 3);
}

/* Bits from the lowest: time in us 38, pfn 24, allocation 1, order 4, gfp 29, process 32. */
static int put_record(struct import *im, const struct header *h, uint32_t cpu, size_t at, struct mmr_error *err)
{
	uint64_t low = load(im->data + at, 8), high = load(im->data + at + 8, 8);
	uint32_t gfp = (uint32_t)(high >> 3 & ((1u << 29) - 1)) & ~PAGE_CACHE_FLAG;
	struct import_event e = {
		.ts_ns = (low & ((1ull << 38) - 1)) * 1000,
		.pfn = low >> 38 & ((1u << 24) - 1),
		.offset = at,
		.cpu = cpu,
		.have_task = true,
		.task.tid = (uint32_t)(high >> 32),
		.cls.type = low >> 62 & 1 ? TRACE_ALLOC : TRACE_FREE,
		.cls.order = (uint8_t)(low >> 63 | (high & 7) << 1),
	};

	if (!low && !high) /* the unused end of a CPU's last page */
		return 0;
	if (e.pfn > h->max_pfn)
		return mmr_err(err, -EINVAL, "%s: byte %zu: found pfn %" PRIu64 ", expected at most %u",
			       im->path, at, e.pfn, h->max_pfn);
	if (e.cls.type == TRACE_ALLOC) {
		e.cls.gfp_raw = gfp;
		e.cls.migratetype = gfp_migratetype(gfp);
		if (e.cls.migratetype == 3)
			return mmr_err(
				err, -EINVAL,
				"%s: byte %zu: gfp 0x%x is movable and reclaimable, expected at most one",
				im->path, at, gfp);
	}
	e.task.tgid = e.task.tid;
	return import_put(im, &e, err);
}

/* Records of a CPU that lie out of order are sorted. */
static bool out_of_order(const struct import *im)
{
	uint64_t last[MAX_CORES] = {0}; /* 32 KiB */
	bool found = false;

	for (size_t page = PAGE_BYTES; page + PAGE_BYTES <= im->size && !found; page += PAGE_BYTES) {
		uint32_t cpu = (uint32_t)load(im->data + page, 4);

		for (size_t at = page + FIRST_RECORD; at < page + PAGE_BYTES && cpu < MAX_CORES;
		     at += RECORD_BYTES) {
			uint64_t time = load(im->data + at, 8) & ((1ull << 38) - 1);

			if (!load(im->data + at, 8) && !load(im->data + at + 8, 8))
				continue;
			found |= time < last[cpu];
			last[cpu] = time;
		}
	}
	return found;
}

static int put_page(struct import *im, const struct header *h, size_t page, struct mmr_error *err)
{
	uint32_t cpu = (uint32_t)load(im->data + page, 4);
	int rc = 0;

	if (cpu >= h->cores)
		return mmr_err(err, -EINVAL, "%s: byte %zu: found CPU %u, expected a number below %u", im->path,
			       page, cpu, h->cores);
	for (size_t at = page + FIRST_RECORD; at < page + PAGE_BYTES && !rc; at += RECORD_BYTES)
		rc = put_record(im, h, cpu, at, err);
	return rc;
}

static int import_llfree_run(struct import *im, struct mmr_error *err)
{
	size_t page = PAGE_BYTES;
	struct header h = {0};
	int rc = read_header(im, &h, err);

	if (rc)
		return rc;
	im->machine.nr_cpus = h.cores;
	im->sort = out_of_order(im);
	im->report->recorded = 1u << TRACE_ALLOC | 1u << TRACE_FREE;
	rc = import_feature(im, "imported.llfree", 1, err);
	if (!rc)
		rc = import_start(im, err);
	for (; !rc && page + PAGE_BYTES <= im->size && !import_stopped(im); page += PAGE_BYTES)
		rc = put_page(im, &h, page, err);
	if (!rc && page < im->size && !import_stopped(im))
		rc = mmr_err(err, -EBADMSG,
			     "%s: byte %zu: the file ends inside a page, expected %zu more bytes", im->path,
			     im->size, page + PAGE_BYTES - im->size);
	return rc;
}

const struct import_format import_llfree = {"llfree", "16-byte records of llfree-rs", import_llfree_run};

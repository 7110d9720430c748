// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding and undoing repeated stretches of pfns; see mmt_pfns.h and FORMAT.md. */
#include "traces/mmt_pfns.h"

#include <stdlib.h>

#include "traces/format.h"
#include "traces/trace.h"

#define NONE      UINT32_MAX
#define MIN_COPY  2u /* shorter ones cost more than the pfns they save */
#define GOOD_COPY 16u /* long enough to stop looking for a longer one */
/*
 * Earlier places tried for one pfn. Measured on a compile: 1 place leaves 0.24 new pfns per event,
 * 4 leave 0.17, 8 leave 0.12 and 16 hardly fewer.
 */
#define MAX_TRIES 8

struct mmt_pfn_finder {
	uint32_t *head; /* [1 << bits] last place of a hash value */
	uint32_t *chain; /* [cap] the place before with the same hash value */
	uint32_t bits, cap;
};

/* A stretch that equals pfns[from], pfns[from + step], … */
struct copy {
	uint32_t from, length;
	int step;
};

struct mmt_pfn_finder *mmt_pfn_finder_create(void)
{
	return calloc(1, sizeof(struct mmt_pfn_finder));
}

void mmt_pfn_finder_destroy(struct mmt_pfn_finder *f)
{
	if (!f)
		return;
	free(f->head);
	free(f->chain);
	free(f);
}

static bool reset(struct mmt_pfn_finder *f, uint32_t nr)
{
	uint32_t bits = 8;

	while (bits < 20 && nr >> bits)
		bits++;
	if (nr > f->cap) {
		free(f->head);
		free(f->chain);
		f->cap = 0;
		f->head = malloc(sizeof(*f->head) << bits);
		f->chain = malloc(nr * sizeof(*f->chain));
		if (!f->head || !f->chain)
			return false;
		f->cap = nr;
	}
	f->bits = bits;
	memset(f->head, 0xff, sizeof(*f->head) << bits);
	return true;
}

static inline uint32_t slot_of(const struct mmt_pfn_finder *f, uint32_t pfn)
{
	return (pfn * 2654435761u) >> (32 - f->bits);
}

static inline void remember(struct mmt_pfn_finder *f, const uint32_t *pfns, uint32_t at)
{
	uint32_t *head = &f->head[slot_of(f, pfns[at])];

	f->chain[at] = *head;
	*head = at;
}

static uint32_t length_forwards(const uint32_t *pfns, uint32_t nr, uint32_t at, uint32_t from)
{
	uint32_t n = 0;

	while (at + n < nr && pfns[from + n] == pfns[at + n])
		n++;
	return n;
}

static uint32_t length_backwards(const uint32_t *pfns, uint32_t nr, uint32_t at, uint32_t from)
{
	uint32_t n = 0;

	while (at + n < nr && n <= from && pfns[from - n] == pfns[at + n])
		n++;
	return n;
}

/* The longest of a few earlier stretches that @at continues with; where the last copy went on comes first. */
static struct copy find_copy(const struct mmt_pfn_finder *f, const uint32_t *pfns, uint32_t nr, uint32_t at,
			     int64_t expected, int step)
{
	struct copy best = {0};
	uint32_t from;

	if (expected >= 0 && expected < at) {
		best = (struct copy){.from = (uint32_t)expected, .step = step};
		best.length = step > 0 ? length_forwards(pfns, nr, at, best.from)
				       : length_backwards(pfns, nr, at, best.from);
	}
	from = f->head[slot_of(f, pfns[at])];
	for (int i = 0; i < MAX_TRIES && from != NONE && best.length < GOOD_COPY; i++, from = f->chain[from]) {
		uint32_t n;

		if (pfns[from] != pfns[at])
			continue;
		n = length_forwards(pfns, nr, at, from);
		if (n > best.length)
			best = (struct copy){from, n, 1};
		n = length_backwards(pfns, nr, at, from);
		if (n > best.length)
			best = (struct copy){from, n, -1};
	}
	return best;
}

/* On disk "no page" is all ones in 64 bits. */
static uint64_t disk_pfn(uint32_t pfn)
{
	return pfn == TRACE_NO_PFN ? UINT64_MAX : pfn;
}

bool mmt_put_pfns(struct mmt_pfn_finder *f, struct mmt_buf *fresh, struct mmt_buf *copies, const uint32_t *pfns,
		  uint32_t nr)
{
	uint32_t at = 0, nr_fresh = 0;
	int64_t expected = 0;
	uint64_t last = 0;
	uint8_t *out;
	int step = 1;

	if (!reset(f, nr) || !mmt_buf_reserve(fresh, (size_t)nr * 10))
		return false;
	out = fresh->data + fresh->len;
	while (at < nr) {
		struct copy c = find_copy(f, pfns, nr, at, expected, step);

		if (c.length < MIN_COPY) {
			out = mmt_set_varint(out, mmt_zigzag((int64_t)(disk_pfn(pfns[at]) - last)));
			last = disk_pfn(pfns[at]);
			remember(f, pfns, at++);
			expected += step;
			nr_fresh++;
			continue;
		}
		mmt_put_varint(copies, nr_fresh);
		mmt_put_varint(copies, (uint64_t)(c.length - MIN_COPY) << 1 | (c.step < 0));
		mmt_put_varint(copies, mmt_zigzag((int64_t)c.from - expected));
		step = c.step;
		expected = (int64_t)c.from + (int64_t)c.length * step;
		nr_fresh = 0;
		while (c.length--)
			remember(f, pfns, at++);
		last = disk_pfn(pfns[at - 1]);
	}
	fresh->len = (size_t)(out - fresh->data);
	return !copies->failed;
}

/* ---- and back ------------------------------------------------------------------------------- */

/* Where the reading stands: @at pfns are there, the last was @last. */
struct progress {
	uint32_t *pfns, nr, at;
	uint64_t last;
};

/* Seven bits from each of up to four bytes. */
static inline uint32_t squeeze(uint32_t x)
{
	return (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) | (x >> 3 & 0xfe00000);
}

/*
 * Two varints from one load, where both have up to four bytes: where the next one begins is known only when
 * this one's end is found, and that takes as long for two as for one. Return: false where they are longer.
 */
static inline bool get_two(struct mmt_cursor *c, uint64_t value[2])
{
	uint64_t x = mmt_le64(c->p), stop = ~x & 0x8080808080808080u, rest = stop & (stop - 1), second;
	unsigned int bits, all;

	if (!rest)
		return false;
	bits = (unsigned int)__builtin_ctzll(stop) + 1;
	all = (unsigned int)__builtin_ctzll(rest) + 1;
	if (bits > 32 || all - bits > 32)
		return false;
	second = (x & (rest ^ (rest - 1))) >> bits;
	value[0] = squeeze((uint32_t)(x & (stop ^ (stop - 1))));
	value[1] = squeeze((uint32_t)second);
	c->p += all / 8;
	return true;
}

static const char *get_fresh(struct mmt_cursor *fresh, struct progress *p, uint64_t count, bool *overflow)
{
	uint32_t *to = p->pfns + p->at;
	uint64_t last = p->last;

	if (count > p->nr - p->at)
		return "it has more new pfns than events";
	p->at += (uint32_t)count;
	while (count) {
		uint64_t value[2] = {0};
		uint32_t n = 2;

		if (count < 2 || mmt_left(fresh) < 8 || fresh->bad || !get_two(fresh, value)) {
			value[0] = mmt_get_varint(fresh);
			n = 1;
		}
		for (uint32_t i = 0; i < n; i++) {
			last += (uint64_t)mmt_unzigzag(value[i]);
			if (__builtin_expect(last >= TRACE_NO_PFN && last != UINT64_MAX, 0)) {
				*overflow = !fresh->bad;
				return "a pfn has more than 32 bits, which this build cannot hold";
			}
			*to++ = (uint32_t)last;
		}
		count -= n;
	}
	p->last = last;
	return fresh->bad ? "its new pfns are cut off" : NULL;
}

/* Source and target do not touch: the compiler takes four at a time. */
static void copy_backwards(uint32_t *restrict to, const uint32_t *restrict from, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		to[i] = from[length - 1 - i];
}

static const char *get_copy(struct progress *p, uint64_t length, int64_t from, int step)
{
	uint32_t *pfns = p->pfns, at = p->at;

	if (length > p->nr - at || from < 0 || from >= at || (step < 0 && (uint64_t)from + 1 < length))
		return "a copy of pfns is longer than its source or its events";
	if (step < 0)
		copy_backwards(pfns + at, pfns + from + 1 - length, (uint32_t)length);
	else if (length <= at - (uint64_t)from)
		memcpy(pfns + at, pfns + from, length * sizeof(*pfns));
	else /* it reaches into itself: one element at a time */
		for (uint64_t i = 0; i < length; i++)
			pfns[at + i] = pfns[(uint64_t)from + i];
	p->at += (uint32_t)length;
	p->last = disk_pfn(pfns[p->at - 1]);
	return NULL;
}

const char *mmt_get_pfns(struct mmt_cursor *fresh, struct mmt_cursor *copies, uint32_t *pfns, uint32_t nr,
			 uint32_t needed, bool *overflow)
{
	struct progress p = {.pfns = pfns, .nr = nr};
	const char *what = NULL;
	int64_t expected = 0;
	int step = 1;

	while (!what && mmt_left(copies) && (p.at < needed || needed == nr)) {
		uint64_t nr_fresh = mmt_get_varint(copies), length = mmt_get_varint(copies);
		int64_t offset = mmt_unzigzag(mmt_get_varint(copies));

		/* No difference of two places in a block is anywhere near this. */
		if (copies->bad || offset > UINT32_MAX || offset < -(int64_t)UINT32_MAX)
			return "a copy of pfns is cut off or from an impossible place";
		what = get_fresh(fresh, &p, nr_fresh, overflow);
		if (what)
			break;
		expected += (int64_t)nr_fresh * step + offset;
		step = length & 1 ? -1 : 1;
		length = (length >> 1) + MIN_COPY;
		what = get_copy(&p, length, expected, step);
		expected += (int64_t)length * step;
	}
	if (!what && p.at < needed)
		what = get_fresh(fresh, &p, needed - p.at, overflow);
	if (!what && needed == nr && mmt_left(fresh))
		what = "it has more new pfns than events";
	return what;
}

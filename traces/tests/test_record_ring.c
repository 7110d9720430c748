// SPDX-License-Identifier: GPL-2.0-or-later
/* Draining a ring that memory stands in for: order, wrapping, unfinished and discarded records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces/record/record_ring.h"

#define RING_BYTES 4096

struct fake {
	struct record_ring ring;
	uint64_t consumer, producer;
	unsigned char *data; /* mapped twice in a row, as the kernel does */
	uint64_t seen[400];
	int nr_seen, stop_after;
};

static int make_ring(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));
	int fd = memfd_create("ring", 0);

	if (!f || fd < 0 || ftruncate(fd, RING_BYTES))
		return -1;
	f->data = mmap(NULL, 2 * RING_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int half = 0; half < 2; half++)
		if (mmap(f->data + half * RING_BYTES, RING_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return -1;
	close(fd);
	f->ring = (struct record_ring){
		.consumer = &f->consumer,
		.producer = &f->producer,
		.data = f->data,
		.mask = RING_BYTES - 1,
		.page_bytes = RING_BYTES,
	};
	*state = f;
	return 0;
}

static int free_ring(void **state)
{
	struct fake *f = *state;

	munmap(f->data, 2 * RING_BYTES);
	free(f);
	return 0;
}

/* One record of @bytes that starts with @value. */
static void put(struct fake *f, uint64_t value, uint32_t bytes, uint32_t bits)
{
	unsigned char *at = f->data + (f->producer & f->ring.mask);
	uint32_t header[2] = {bytes | bits, 0};

	memcpy(at, header, sizeof(header));
	memcpy(at + 8, &value, sizeof(value));
	f->producer += (bytes + 8 + 7) & ~7U;
}

static int note(void *ctx, const void *record, size_t bytes)
{
	struct fake *f = ctx;

	memcpy(&f->seen[f->nr_seen++], record, sizeof(f->seen[0]));
	return f->nr_seen == f->stop_after ? -5 : 0;
}

static void records_come_in_order_and_make_room(void **state)
{
	struct fake *f = *state;

	for (uint64_t i = 0; i < 10; i++)
		put(f, i, i % 2 ? 24 : 32, 0);
	assert_int_equal(record_ring_filled(&f->ring), f->producer * 256 / RING_BYTES);
	assert_int_equal(record_ring_drain(&f->ring, note, f), 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(f->seen[i], i);
	assert_int_equal(f->consumer, f->producer);
	assert_int_equal(record_ring_drain(&f->ring, note, f), 0);
}

static void a_record_that_wraps_is_whole(void **state)
{
	struct fake *f = *state;

	f->consumer = f->producer = 5 * RING_BYTES - 16;
	put(f, 7, 24, 0);
	put(f, 8, 24, 0);
	assert_int_equal(record_ring_drain(&f->ring, note, f), 2);
	assert_int_equal(f->seen[0], 7);
	assert_int_equal(f->seen[1], 8);
}

static void an_unfinished_record_holds_back_those_behind_it(void **state)
{
	struct fake *f = *state;
	uint64_t unfinished;

	put(f, 1, 24, 0);
	unfinished = f->producer;
	put(f, 2, 24, BPF_RINGBUF_BUSY_BIT);
	put(f, 3, 24, 0);
	assert_int_equal(record_ring_drain(&f->ring, note, f), 1);
	assert_int_equal(f->consumer, unfinished);
	*(uint32_t *)(f->data + unfinished) &= ~BPF_RINGBUF_BUSY_BIT;
	assert_int_equal(record_ring_drain(&f->ring, note, f), 2);
	assert_int_equal(f->seen[1], 2);
	assert_int_equal(f->seen[2], 3);
}

static void a_discarded_record_is_passed_over(void **state)
{
	struct fake *f = *state;

	put(f, 1, 24, BPF_RINGBUF_DISCARD_BIT);
	put(f, 2, 24, 0);
	assert_int_equal(record_ring_drain(&f->ring, note, f), 1);
	assert_int_equal(f->seen[0], 2);
}

static void an_error_stops_behind_its_record(void **state)
{
	struct fake *f = *state;

	for (uint64_t i = 0; i < 5; i++)
		put(f, i, 24, 0);
	f->stop_after = 2;
	assert_int_equal(record_ring_drain(&f->ring, note, f), -5);
	assert_int_equal(f->consumer, 2 * 32);
	f->stop_after = 0;
	assert_int_equal(record_ring_drain(&f->ring, note, f), 3);
	assert_int_equal(f->seen[2], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_come_in_order_and_make_room, make_ring, free_ring),
		cmocka_unit_test_setup_teardown(a_record_that_wraps_is_whole, make_ring, free_ring),
		cmocka_unit_test_setup_teardown(an_unfinished_record_holds_back_those_behind_it, make_ring,
						free_ring),
		cmocka_unit_test_setup_teardown(a_discarded_record_is_passed_over, make_ring, free_ring),
		cmocka_unit_test_setup_teardown(an_error_stops_behind_its_record, make_ring, free_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

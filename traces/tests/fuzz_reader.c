// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as a trace file, through everything that reads one. Checksums are what a
 * fuzzer cannot guess, so this one repairs them first: the decoders behind them get the bytes.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces/tests/synth.h"
#include "traces/trace_check.h"
#include "traces/trace_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every event, with its arguments where it has some. */
static void read_events(struct trace_reader *r)
{
	const struct trace_event *events;
	struct mmr_error err;
	int64_t sum = 0;
	ssize_t n;

	while ((n = trace_reader_next(r, &events, &err)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			const struct trace_args *args = trace_reader_args(r, &events[i]);

			for (uint8_t k = 0; args && k < args->nr; k++)
				sum += args->v[k];
			if (!trace_reader_class(r, events[i].class_id))
				abort();
		}
	(void)sum;
}

/* As it stands, requests alone, then all kinds of events past whatever damage there is. */
static void read_all(const char *path)
{
	struct trace_stats stats;
	struct trace_reader *r;
	struct mmr_error err;

	if (trace_reader_open(path, &r, &err))
		return;
	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_keyframes; i++) {
		struct trace_keyframe kf;

		if (!trace_reader_keyframe(r, i, &kf, &err))
			trace_keyframe_deinit(&kf);
	}
	if (!trace_stats_collect(r, &stats, NULL, NULL, &err))
		trace_stats_deinit(&stats);
	read_events(r);
	trace_reader_want(r, 1ull << TRACE_ALLOC | 1ull << TRACE_FREE | TRACE_WANT_BULK_AS_ALLOC);
	read_events(r);
	trace_reader_release(r);
	trace_reader_want(r, TRACE_WANT_ALL);
	trace_reader_tolerate(r);
	read_events(r);
	trace_reader_close(r);
}

static void ignore_finding(void *ctx, const char *line)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_check_result result;
	struct mmr_error err;
	char path[64];
	uint8_t *file;
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (size) {
		file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (file == MAP_FAILED)
			abort();
		memcpy(file, data, size);
		/* An odd last byte asks for the file as it is: the scan's own ways. */
		if (!(data[size - 1] & 1))
			synth_repair(file, size);
		munmap(file, size);
	}
	read_all(path);
	trace_check(path, ignore_finding, NULL, &result, &err);
	close(fd);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf.data: its records one by one, and what its header says of the machine. */
#ifndef MMR_TRACES_IMPORT_PERF_H
#define MMR_TRACES_IMPORT_PERF_H

#include "traces/import/import_tracing.h"

/* Source: enum perf_event_type, include/uapi/linux/perf_event.h, v6.12; tools/perf's own from 64 on. */
enum perf_record {
	PERF_LOST = 2,
	PERF_COMM = 3,
	PERF_FORK = 7,
	PERF_SAMPLE = 9,
	PERF_LOST_SAMPLES = 13,
	PERF_HEADER_ATTR = 64,
	PERF_HEADER_TRACING_DATA = 66,
	PERF_AUXTRACE = 71,
	PERF_HEADER_FEATURE = 80,
	PERF_COMPRESSED = 81,
};

/* Source: enum perf_event_sample_format, same file. */
enum perf_sample {
	SAMPLE_IP = 1 << 0,
	SAMPLE_TID = 1 << 1,
	SAMPLE_TIME = 1 << 2,
	SAMPLE_ADDR = 1 << 3,
	SAMPLE_READ = 1 << 4,
	SAMPLE_CALLCHAIN = 1 << 5,
	SAMPLE_ID = 1 << 6,
	SAMPLE_CPU = 1 << 7,
	SAMPLE_PERIOD = 1 << 8,
	SAMPLE_STREAM_ID = 1 << 9,
	SAMPLE_RAW = 1 << 10,
	SAMPLE_IDENTIFIER = 1 << 16,
};

/**
 * struct perf_attr - how the samples of one event look, and which of its events became samples
 * @period: one in so many, or with @freq so many a second;  @command_only: only those of perf's command
 */
struct perf_attr {
	uint32_t type;
	uint64_t config, period, sample_type, read_format;
	bool sample_id_all, freq, command_only;
};

struct perf_id {
	uint64_t id;
	uint32_t attr;
};

/** struct perf_file - the header taken apart; arrays are owned */
struct perf_file {
	struct perf_attr *attrs;
	uint32_t nr_attrs;
	struct perf_id *ids; /* sorted */
	uint32_t nr_ids;
	bool one_layout; /* all attrs have the same sample layout */
	bool pipe; /* what perf wrote to a pipe: of use wherever it was cut */
	bool headers_only; /* perf_each_record() leaves compressed records alone */
	bool end_ok; /* it says nothing of a last record that is cut off: a later pass does */
	uint64_t data_offset, data_size;
	struct import_tracing tracing;
};
int perf_file_read(struct import *im, struct perf_file *pf, struct mmr_error *err);
/** perf_pipe_read - the same of what perf wrote to a pipe: there all of it lies in records */
int perf_pipe_read(struct import *im, struct perf_file *pf, struct mmr_error *err);
/** perf_add_attr - one event's attributes, and the ids of its samples */
int perf_add_attr(struct import *im, struct perf_file *pf, struct import_cursor attr, struct import_cursor ids,
		  struct mmr_error *err);
/** perf_read_feature - what one section of the header says */
int perf_read_feature(struct import *im, struct perf_file *pf, unsigned int feature, struct import_cursor *c,
		      struct mmr_error *err);
/** perf_read_tracing - the kernel's descriptions of its events */
int perf_read_tracing(struct import *im, struct perf_file *pf, struct import_cursor *c, struct mmr_error *err);
/** perf_check_layouts - can the samples be told apart and taken apart? Once all attributes are there */
int perf_check_layouts(const struct import *im, struct perf_file *pf, struct mmr_error *err);
void perf_file_deinit(struct perf_file *pf);

/** struct perf_record_view - a record; @body behind its 8-byte header */
struct perf_record_view {
	uint32_t type;
	uint16_t misc;
	const uint8_t *body;
	size_t len;
	uint64_t offset; /* in the file; of the enclosing record where it is compressed */
};
typedef int (*perf_record_fn)(void *ctx, const struct perf_record_view *r, struct mmr_error *err);
/** perf_each_record - all records of the data section, compressed ones expanded */
int perf_each_record(struct import *im, const struct perf_file *pf, perf_record_fn fn, void *ctx,
		     struct mmr_error *err);

/** struct perf_when - who, when and where, as samples and other records have it */
struct perf_when {
	uint32_t pid, tid, cpu;
	uint64_t time;
	bool have_time, have_cpu;
	const uint8_t *raw; /* samples only */
	uint32_t raw_len;
};
/** perf_parse_sample - false where the sample does not hold what its layout says */
bool perf_parse_sample(const struct perf_file *pf, const struct perf_record_view *r, struct perf_when *w);
/** perf_parse_trailer - the same of another record, from its end */
void perf_parse_trailer(const struct perf_file *pf, const struct perf_record_view *r, struct perf_when *w);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as rows of text: CSV (RFC 4180 quoting) or JSON lines. What a class and a task add to a row
 * is put together once, so that a row is four numbers and two copies.
 */
#ifndef MMR_TRACES_EXPORT_ROWS_H
#define MMR_TRACES_EXPORT_ROWS_H

#include "traces/trace_reader.h"

enum export_format { EXPORT_CSV, EXPORT_JSONL };

struct export_rows;

/**
 * export_rows_create - rows for the events of @reader, written to @fd
 * @name: of the output, for messages
 */
int export_rows_create(const struct trace_reader *reader, enum export_format format, int fd, const char *name,
		       struct export_rows **ret, struct mmr_error *err);
void export_rows_destroy(struct export_rows *rows);

/** export_rows_header - the line of column names (CSV); nothing for JSON lines */
int export_rows_header(struct export_rows *rows, struct mmr_error *err);
/** export_rows_event - one row; @number is the event's place in the recording, from 0 */
int export_rows_event(struct export_rows *rows, uint64_t number, const struct trace_event *event,
		      struct mmr_error *err);
/** export_rows_flush - what is still buffered goes out */
int export_rows_flush(struct export_rows *rows, struct mmr_error *err);

#endif

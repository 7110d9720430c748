// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as rows of text. */
#include "traces/tools/export_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/gfp_map.h"
#include "traces/tools/info.h"

#define MAX_CPUS       4096u
#define BUFFER_BYTES   (1u << 20)
#define MAX_CLASS_TEXT 640u /* every gfp name at once takes 420 */
#define MAX_TASK_TEXT  192u /* 15 bytes of name, at worst 6 characters each */
#define MAX_TAIL_TEXT  640u /* zone and policy; node lists at worst 2 x 250 */
#define MAX_ARGS_TEXT  384u /* names and 20 digits each */
/* A label in quotes, at worst 6 characters for each of its bytes. */
#define MAX_LABEL_TEXT (6u * 8192u + 32u)
#define MAX_ROW_BYTES  (MAX_CLASS_TEXT + MAX_TASK_TEXT + MAX_TAIL_TEXT + MAX_ARGS_TEXT + 160u)

#define NO_TEXT "-" /* in a column of text */

struct text {
	char *data; /* NULL: not made yet */
	uint32_t len;
};

/* Who asks for a CPU's next allocation, and of which page. */
struct from {
	uint32_t pfn, stack, cgroup; /* numbers of labels */
};

struct export_rows {
	const struct trace_reader *reader;
	enum export_format format;
	int fd;
	const char *name;
	char *buffer;
	size_t len;
	uint64_t written;
	struct text *classes; /* [65536] */
	struct text *tails; /* [65536] what a class adds behind the task */
	const struct trace_policy *policies;
	uint32_t nr_policies;
	struct text *tasks; /* [nr_tasks], one more for "unknown" */
	uint32_t nr_tasks;
	const struct trace_task *task_table;
	const struct trace_label *labels;
	uint32_t nr_labels;
	struct from *from; /* [MAX_CPUS], made at the first of them */
	size_t row_bytes; /* the longest row */
};

int export_rows_create(const struct trace_reader *reader, enum export_format format, int fd, const char *name,
		       struct export_rows **ret, struct mmr_error *err)
{
	struct export_rows *rows = calloc(1, sizeof(*rows));

	if (rows) {
		rows->reader = reader;
		rows->format = format;
		rows->fd = fd;
		rows->name = name;
		rows->task_table = trace_reader_tasks(reader, &rows->nr_tasks);
		rows->buffer = malloc(BUFFER_BYTES);
		rows->classes = calloc(UINT16_MAX + 1, sizeof(*rows->classes));
		rows->tails = calloc(UINT16_MAX + 1, sizeof(*rows->tails));
		rows->policies = trace_reader_policies(reader, &rows->nr_policies);
		rows->labels = trace_reader_labels(reader, &rows->nr_labels);
		rows->row_bytes = MAX_ROW_BYTES + (rows->nr_labels ? 2 * MAX_LABEL_TEXT : 64);
		rows->tasks = calloc((size_t)rows->nr_tasks + 1, sizeof(*rows->tasks));
	}
	if (!rows || !rows->buffer || !rows->classes || !rows->tails || !rows->tasks) {
		export_rows_destroy(rows);
		return mmr_err(err, -ENOMEM, "%s: no memory for rows", name);
	}
	*ret = rows;
	return 0;
}

void export_rows_destroy(struct export_rows *rows)
{
	if (!rows)
		return;
	for (uint32_t i = 0; rows->classes && i <= UINT16_MAX; i++)
		free(rows->classes[i].data);
	for (uint32_t i = 0; rows->tails && i <= UINT16_MAX; i++)
		free(rows->tails[i].data);
	for (uint32_t i = 0; rows->tasks && i <= rows->nr_tasks; i++)
		free(rows->tasks[i].data);
	free(rows->classes);
	free(rows->tails);
	free(rows->tasks);
	free(rows->from);
	free(rows->buffer);
	free(rows);
}

int export_rows_flush(struct export_rows *rows, struct mmr_error *err)
{
	size_t done = 0;

	while (done < rows->len) {
		ssize_t n = write(rows->fd, rows->buffer + done, rows->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int code = n < 0 ? errno : ENOSPC;

			rows->len = 0;
			return mmr_err(err, -code, "%s: byte %" PRIu64 ": writing: %s", rows->name,
				       rows->written, strerror(code));
		}
		done += (size_t)n;
		rows->written += (uint64_t)n;
	}
	rows->len = 0;
	return 0;
}

int export_rows_header(struct export_rows *rows, struct mmr_error *err)
{
	static const char columns[] =
		"event,time_ns,cpu,pfn,type,order,migratetype,gfp,gfp_flags,flags,"
		"fallback_order,fallback_migratetype,tid,tgid,comm,zone,policy,args,stack,cgroup\n";

	if (rows->format != EXPORT_CSV)
		return 0;
	memcpy(rows->buffer, columns, sizeof(columns) - 1);
	rows->len = sizeof(columns) - 1;
	return export_rows_flush(rows, err);
}

/* ---- the part of a class ------------------------------------------------------------------- */

static void add_flag(char *buf, size_t size, const char *name)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? "|" : "", name);
}

static void name_flags(const struct trace_class *cls, char *buf, size_t size)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {{TRACE_F_PF_MEMALLOC, "memalloc"},
		     {TRACE_F_KSWAPD, "kswapd"},
		     {TRACE_F_SOFTIRQ, "softirq"},
		     {TRACE_F_HARDIRQ, "hardirq"},
		     {TRACE_F_EXTRA, "extra"}};

	buf[0] = '\0';
	if (cls->type == TRACE_ZONE_LOCKED && cls->flags & TRACE_F_PERCPU_REFILL)
		add_flag(buf, size, "percpu_refill");
	if (cls->type == TRACE_EXTFRAG && cls->flags & TRACE_F_CHANGE_OWNERSHIP)
		add_flag(buf, size, "change_ownership");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cls->flags & names[i].flag)
			add_flag(buf, size, names[i].name);
}

/*
 * One field behind its comma; a value that the event has not is null in JSON, in CSV "-" where the column
 * is text, else empty: readers that guess a column's type from some rows guess it from any of them then.
 * The strings are our own names: they need no quoting.
 */
static void put_field(const struct export_rows *rows, struct text *t, const char *key, bool present,
		      bool string, const char *value)
{
	/* Both of a class's texts have the same room. */
	size_t room = MAX_CLASS_TEXT - t->len;
	int n;

	if (rows->format == EXPORT_CSV)
		n = snprintf(t->data + t->len, room, ",%s", present ? value : string ? NO_TEXT : "");
	else if (!present)
		n = snprintf(t->data + t->len, room, ",\"%s\":null", key);
	else
		n = snprintf(t->data + t->len, room, string ? ",\"%s\":\"%s\"" : ",\"%s\":%s", key, value);
	t->len += (uint32_t)n < room ? (uint32_t)n : (uint32_t)room - 1;
}

static void put_number(const struct export_rows *rows, struct text *t, const char *key, bool present,
		       uint32_t value)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%" PRIu32, value);
	put_field(rows, t, key, present, false, digits);
}

static bool make_class(struct export_rows *rows, uint16_t id)
{
	const struct trace_class *cls = trace_reader_class(rows->reader, id);
	const struct trace_event_info *info = trace_event_info(cls->type);
	bool extfrag = cls->type == TRACE_EXTFRAG;
	struct text *t = &rows->classes[id];
	char names[512], flags[96];

	t->data = malloc(MAX_CLASS_TEXT);
	if (!t->data)
		return false;
	name_flags(cls, flags, sizeof(flags));
	put_field(rows, t, "type", true, true, trace_event_type_name(cls->type));
	/* The event of a batched free tells no order; its mm_page_free does. */
	put_number(rows, t, "order", info->has_order, cls->order);
	put_field(rows, t, "migratetype", info->has_migratetype, true, info_migratetype_name(cls->migratetype));
	put_number(rows, t, "gfp", info->has_gfp, cls->gfp_raw);
	put_field(rows, t, "gfp_flags", info->has_gfp, true, gfp_stable_string(cls->gfp, names, sizeof(names)));
	put_field(rows, t, "flags", flags[0], true, flags);
	put_number(rows, t, "fallback_order", extfrag, cls->fallback_order);
	put_field(rows, t, "fallback_migratetype", extfrag, true,
		  info_migratetype_name(cls->fallback_migratetype));
	return true;
}

static bool make_tail(struct export_rows *rows, uint16_t id)
{
	const struct trace_class *cls = trace_reader_class(rows->reader, id);
	bool known = cls->policy && cls->policy < rows->nr_policies;
	struct text *t = &rows->tails[id];
	char policy[MAX_TAIL_TEXT - 100] = "";

	t->data = malloc(MAX_TAIL_TEXT);
	if (!t->data)
		return false;
	/* Its lists have commas. */
	if (known) {
		const char *quote = rows->format == EXPORT_CSV ? "\"" : "";
		char plain[sizeof(policy) - 4];

		snprintf(policy, sizeof(policy), "%s%s%s", quote,
			 info_policy_string(&rows->policies[cls->policy], plain, sizeof(plain)), quote);
	}
	put_field(rows, t, "zone", trace_event_info(cls->type)->has_zone, true, info_zone_name(cls->zone));
	put_field(rows, t, "policy", known, true, policy);
	return true;
}

/* ---- the part of a task -------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at @s, 0 where it is none: readers of CSV and JSON insist on UTF-8. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies behind the last plane. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* A text in quotes; what is no UTF-8 becomes U+FFFD. */
static char *quote_text(const struct export_rows *rows, char *out, const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;

	*out++ = '"';
	while (left) {
		size_t len = utf8_len(s, left);

		if (!len) {
			out = stpcpy(out, "\xef\xbf\xbd");
			len = 1;
		} else if (rows->format == EXPORT_JSONL && s[0] < 0x20) {
			out += sprintf(out, "\\u%04x", s[0]);
		} else {
			if (s[0] == '"')
				*out++ = rows->format == EXPORT_CSV ? '"' : '\\';
			else if (s[0] == '\\' && rows->format == EXPORT_JSONL)
				*out++ = '\\';
			out = mempcpy(out, s, len);
		}
		s += len;
		left -= len;
	}
	*out++ = '"';
	return out;
}

static bool make_task(struct export_rows *rows, uint32_t task)
{
	bool known = task < rows->nr_tasks, csv = rows->format == EXPORT_CSV;
	const struct trace_task *who = known ? &rows->task_table[task] : NULL;
	struct text *t = &rows->tasks[task];
	char *out;

	t->data = malloc(MAX_TASK_TEXT);
	if (!t->data)
		return false;
	out = t->data;
	if (!known) {
		out = stpcpy(out, csv ? ",,," NO_TEXT : ",\"tid\":null,\"tgid\":null,\"comm\":null");
	} else {
		out += sprintf(out, csv ? ",%" PRIu32 "," : ",\"tid\":%" PRIu32 ",\"tgid\":", who->tid);
		if (who->tgid || !who->tid)
			out += sprintf(out, "%" PRIu32, who->tgid);
		else if (!csv)
			out = stpcpy(out, "null");
		out = stpcpy(out, csv ? "," : ",\"comm\":");
		if (who->comm[0])
			out = quote_text(rows, out, who->comm, strnlen(who->comm, sizeof(who->comm)));
		else
			out = stpcpy(out, csv ? NO_TEXT : "null");
	}
	t->len = (uint32_t)(out - t->data);
	return true;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static char *put_digits(char *out, uint64_t value)
{
	char digits[20], *first = digits + sizeof(digits);

	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return mempcpy(out, first, (size_t)(digits + sizeof(digits) - first));
}

static char *put_numbers(const struct export_rows *rows, char *out, uint64_t number,
			 const struct trace_event *e)
{
	bool csv = rows->format == EXPORT_CSV;

	if (!csv)
		out = stpcpy(out, "{\"event\":");
	out = put_digits(out, number);
	out = stpcpy(out, csv ? "," : ",\"time_ns\":");
	out = put_digits(out, e->ts_ns);
	out = stpcpy(out, csv ? "," : ",\"cpu\":");
	out = put_digits(out, e->cpu);
	out = stpcpy(out, csv ? "," : ",\"pfn\":");
	if (e->pfn != TRACE_NO_PFN)
		out = put_digits(out, e->pfn);
	else if (!csv)
		out = stpcpy(out, "null");
	return out;
}

static char *put_signed(char *out, int64_t value)
{
	if (value < 0)
		*out++ = '-';
	return put_digits(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* "end=5;scanned=3", or an object. What a later version appended has no name here and is left out. */
static char *put_args(const struct export_rows *rows, char *out, const struct trace_event *event)
{
	const struct trace_args *args = trace_reader_args(rows->reader, event);
	const struct trace_event_info *info = trace_event_info(event->type);
	bool csv = rows->format == EXPORT_CSV;
	uint8_t nr = 0;

	if (args)
		nr = args->nr < info->nr_args ? args->nr : info->nr_args;
	if (csv)
		out = stpcpy(out, nr ? "," : "," NO_TEXT);
	else
		out = stpcpy(out, nr ? ",\"args\":{" : ",\"args\":null");
	for (uint8_t i = 0; i < nr; i++) {
		if (i)
			*out++ = csv ? ';' : ',';
		if (!csv)
			*out++ = '"';
		out = stpcpy(out, info->args[i]);
		out = stpcpy(out, csv ? "=" : "\":");
		out = put_signed(out, args->v[i]);
	}
	if (!csv && nr)
		*out++ = '}';
	return out;
}

static char *put_label(const struct export_rows *rows, char *out, const char *key, uint32_t number)
{
	bool csv = rows->format == EXPORT_CSV;

	out = stpcpy(out, csv ? "," : key);
	if (number < rows->nr_labels)
		return quote_text(rows, out, rows->labels[number].text, strlen(rows->labels[number].text));
	return stpcpy(out, csv ? NO_TEXT : "null");
}

/* NULL where there is no memory: then the rows have the numbers only. */
static struct from *make_from(void)
{
	struct from *from = malloc(MAX_CPUS * sizeof(*from));

	if (from)
		memset(from, 0xff, MAX_CPUS * sizeof(*from)); /* no labels */
	return from;
}

/* Both rows get them: the event's that tells who asks, and that of its allocation, which comes next. */
static char *put_labels(struct export_rows *rows, char *out, const struct trace_event *e)
{
	const struct trace_args *args = e->type == TRACE_ALLOC_FROM ? trace_reader_args(rows->reader, e) : NULL;
	struct from *from = rows->from && e->cpu < MAX_CPUS ? &rows->from[e->cpu] : NULL;
	uint32_t stack = UINT32_MAX, cgroup = UINT32_MAX;

	if (from && args && args->nr >= 2)
		*from = (struct from){e->pfn, (uint32_t)args->v[0], (uint32_t)args->v[1]};
	if (from && (e->type == TRACE_ALLOC_FROM || e->type == TRACE_ALLOC) && from->pfn == e->pfn) {
		stack = from->stack;
		cgroup = from->cgroup;
		if (e->type == TRACE_ALLOC) /* it tells of this one only */
			*from = (struct from){e->pfn, UINT32_MAX, UINT32_MAX};
	}
	out = put_label(rows, out, ",\"stack\":", stack);
	out = put_label(rows, out, ",\"cgroup\":", cgroup);
	return stpcpy(out, rows->format == EXPORT_CSV ? "\n" : "}\n");
}

int export_rows_event(struct export_rows *rows, uint64_t number, const struct trace_event *event,
		      struct mmr_error *err)
{
	uint32_t task = event->task < rows->nr_tasks ? event->task : rows->nr_tasks;
	const struct text *cls = &rows->classes[event->class_id], *who = &rows->tasks[task];
	const struct text *tail = &rows->tails[event->class_id];
	char *out;

	if ((!cls->data && (!make_class(rows, event->class_id) || !make_tail(rows, event->class_id))) ||
	    (!who->data && !make_task(rows, task)))
		return mmr_err(err, -ENOMEM, "%s: no memory for the names of a row", rows->name);
	if (event->type == TRACE_ALLOC_FROM && !rows->from)
		rows->from = make_from();
	if (rows->len + rows->row_bytes > BUFFER_BYTES) {
		int rc = export_rows_flush(rows, err);

		if (rc)
			return rc;
	}
	out = put_numbers(rows, rows->buffer + rows->len, number, event);
	out = mempcpy(out, cls->data, cls->len);
	out = mempcpy(out, who->data, who->len);
	out = mempcpy(out, tail->data, tail->len);
	out = put_args(rows, out, event);
	out = put_labels(rows, out, event);
	rows->len = (size_t)(out - rows->buffer);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The part before the event, read from its end, because a task's name may hold anything:
 *
 *	comm-pid [cpu] flags seconds: …              trace_pipe, trace-cmd report (also "seconds: (+diff)")
 *	comm pid [cpu] seconds: …                    perf script
 *	comm-pid cpuflags 45199us : …                trace_pipe with latency-format
 *	comm-pid cpuflags seconds: …                 trace-cmd report -l
 *	comm pid cpu flags preempt nr [us] 97.102ms (+0.000ms): …   trace_pipe with latency-format and verbose
 */
#include "traces/import/import_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_COLUMNS 5 /* between the process and the time of the verbose latency format */

static const char *skip_back(const char *from, const char *to)
{
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return to;
}

/* Where the last word before @to begins; @to where there is none. */
static const char *last_word(const char *from, const char *to)
{
	while (to > from && !isspace((unsigned char)to[-1]))
		to--;
	return to;
}

/* ---- when ---------------------------------------------------------------------------------- */

/* Seconds with any number of decimals, microseconds or milliseconds by name, or a bare count. */
static bool get_time(const char *text, const char *end, uint64_t *ns, bool *counted)
{
	uint64_t whole = 0, part = 0, unit = 1000000000;
	bool has_unit = true;

	/* Marks of long latencies. */
	while (end > text && strchr("+!#*@$", end[-1]))
		end--;
	if (end - text > 2 && end[-1] == 's' && (end[-2] == 'u' || end[-2] == 'm')) {
		unit = end[-2] == 'u' ? 1000 : 1000000;
		end -= 2;
	} else {
		has_unit = memchr(text, '.', (size_t)(end - text)) != NULL;
	}
	if (text == end || !isdigit((unsigned char)*text) || end - text > 30)
		return false;
	for (; text < end && isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
			return false;
	*counted |= !has_unit;
	*ns = whole;
	if (!has_unit)
		return text == end;
	if (whole > UINT64_MAX / 2 / unit)
		return false;
	if (text < end && *text == '.')
		for (uint64_t scale = unit / 10; ++text < end && isdigit((unsigned char)*text); scale /= 10)
			part += scale * (uint64_t)(*text - '0');
	*ns = whole * unit + part;
	return text == end;
}

/* ---- who ----------------------------------------------------------------------------------- */

static void set_comm(struct trace_task *task, const char *from, const char *to)
{
	const char *colon;

	while (from < to && isspace((unsigned char)*from))
		from++;
	/* trace-cmd puts the name of a trace instance in front. */
	colon = memchr(from, ':', (size_t)(to - from));
	if (to - from > 15 && colon) {
		from = colon + 1;
		while (from < to && isspace((unsigned char)*from))
			from++;
	}
	memset(task->comm, 0, sizeof(task->comm));
	memcpy(task->comm, from, (size_t)(to - from) < 15 ? (size_t)(to - from) : 15);
	if (!strcmp(task->comm, "<...>"))
		task->comm[0] = '\0';
	if (!strcmp(task->comm, "<idle>"))
		strcpy(task->comm, "swapper");
}

/* "comm-12", "comm 12", "comm 10/12"; a "(  10)" behind it is the process. */
static bool parse_task(const char *from, const char *to, struct trace_task *task)
{
	const char *digits, *open;

	to = skip_back(from, to);
	if (to > from && to[-1] == ')') {
		open = memrchr(from, '(', (size_t)(to - from));
		if (!open)
			return false;
		task->tgid = (uint32_t)strtoul(open + 1, NULL, 10);
		to = skip_back(from, open);
	}
	for (digits = to; digits > from && isdigit((unsigned char)digits[-1]); digits--)
		;
	if (digits == to || digits == from)
		return false;
	task->tid = (uint32_t)strtoul(digits, NULL, 10);
	to = digits - 1;
	if (*to == '/') {
		for (digits = to; digits > from && isdigit((unsigned char)digits[-1]); digits--)
			;
		task->tgid = (uint32_t)strtoul(digits, NULL, 10);
		to = digits;
	} else if (*to != '-' && !isspace((unsigned char)*to)) {
		return false;
	}
	set_comm(task, from, skip_back(from, to));
	return true;
}

/* ---- where --------------------------------------------------------------------------------- */

/* The third of the flags: 'h', 'H', 'z', 'Z' in a hard interrupt, 's' in a soft one, 'H' in both. */
static void set_interrupt(struct import_event *e, char flag)
{
	e->cls.flags |= strchr("hHZz", flag) ? TRACE_F_HARDIRQ : 0;
	e->cls.flags |= strchr("sH", flag) ? TRACE_F_SOFTIRQ : 0;
}

/* "[001] ..s1. " before @stamp. Return: where the task ends, or NULL. */
static const char *parse_bracket(const char *line, const char *stamp, bool irq_flags, struct import_event *e)
{
	const char *close = memrchr(line, ']', (size_t)(stamp - line)), *open;

	open = close ? memrchr(line, '[', (size_t)(close - line)) : NULL;
	if (!open || !isdigit((unsigned char)open[1]) || !isspace((unsigned char)close[1]))
		return NULL;
	e->cpu = (uint32_t)strtoul(open + 1, NULL, 10);
	for (close++; close < stamp && isspace((unsigned char)*close); close++)
		;
	if (stamp - close >= 4 && irq_flags)
		set_interrupt(e, close[2]);
	return open;
}

/* "1..s1." before @stamp: CPU and flags in one word. */
static const char *parse_glued(const char *line, const char *stamp, struct import_event *e)
{
	const char *end = skip_back(line, stamp), *word = last_word(line, end), *flags = word;

	while (flags < end && isdigit((unsigned char)*flags))
		flags++;
	if (flags == word || end - flags < 4 || end - flags > 5 || word == line)
		return NULL;
	e->cpu = (uint32_t)strtoul(word, NULL, 10);
	set_interrupt(e, flags[2]);
	return word;
}

/* "cpu flags preempt nr [us] " before @stamp. */
static const char *parse_verbose(const char *line, const char *stamp, struct import_event *e)
{
	const char *word = stamp, *words[LATENCY_COLUMNS];
	unsigned long flags;

	for (int i = LATENCY_COLUMNS - 1; i >= 0; i--) {
		const char *end = skip_back(line, word);

		word = words[i] = last_word(line, end);
		if (word == end || (i < LATENCY_COLUMNS - 1 && !isxdigit((unsigned char)*word)))
			return NULL;
	}
	if (*words[LATENCY_COLUMNS - 1] != '[')
		return NULL;
	e->cpu = (uint32_t)strtoul(words[0], NULL, 10);
	flags = strtoul(words[1], NULL, 10);
	/* Source: enum trace_flag_type, include/linux/trace_events.h, v6.12. */
	e->cls.flags |= flags & 0x08 ? TRACE_F_HARDIRQ : 0;
	e->cls.flags |= flags & 0x10 ? TRACE_F_SOFTIRQ : 0;
	return words[0];
}

const char *import_text_prefix(const char *line, const char *end, bool irq_flags, struct import_event *e,
			       bool *counted)
{
	const char *stamp, *who, *diff;

	while (end > line && (isspace((unsigned char)end[-1]) || end[-1] == ':'))
		end--;
	/* Since the event before: "(+134)". */
	if (end > line && end[-1] == ')') {
		diff = memrchr(line, '(', (size_t)(end - line));
		if (diff && diff[1] == '+')
			for (end = diff; end > line && (isspace((unsigned char)end[-1]) || end[-1] == ':');)
				end--;
	}
	stamp = last_word(line, end);
	if (!get_time(stamp, end, &e->ts_ns, counted))
		return "time";
	who = end - stamp > 2 && end[-2] == 'm' ? parse_verbose(line, stamp, e)
						: parse_bracket(line, stamp, irq_flags, e);
	if (!who)
		who = parse_glued(line, stamp, e);
	if (!who)
		return "[CPU]";
	e->have_task = parse_task(line, who, &e->task);
	return e->have_task ? NULL : "task and its number";
}

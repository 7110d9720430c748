// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs from lists of what they are made of. */
#include "replay/engine/run_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 512

/* ---- what differs ------------------------------------------------------------------------------- */

/* Values of "NAME=V,W", the whole where there is but one. */
static unsigned int nr_values(const char *setting)
{
	unsigned int nr = 1;

	for (; *setting; setting++)
		nr += *setting == ',';
	return nr;
}

/* "NAME=V,W" -> "NAME=W" for 1; a new string. */
static char *setting_value(const char *setting, unsigned int number)
{
	size_t name = strcspn(setting, "=") + 1, end;
	const char *value = setting + name;
	char *text;

	for (; number; number--)
		value += strcspn(value, ",") + 1;
	end = strcspn(value, ",");
	text = malloc(name + end + 1);
	if (text) {
		memcpy(text, setting, name);
		memcpy(text + name, value, end);
		text[name + end] = '\0';
	}
	return text;
}

static size_t at_least_one(size_t nr)
{
	return nr ? nr : 1;
}

static uint64_t nr_runs(const struct run_options *o)
{
	uint64_t nr = (uint64_t)o->traces.nr * at_least_one(o->machines.nr) * at_least_one(o->kernels.nr) *
		      at_least_one(o->nr_seeds);

	for (unsigned int i = 0; i < o->scenario.nr_settings && nr <= RUN_PLAN_MAX; i++)
		nr *= nr_values(o->scenario.settings[i]);
	return nr;
}

/* ---- names -------------------------------------------------------------------------------------- */

/* "x/host.mmt" -> "host"; what is no path stays as it is, but for slashes. */
static void add_word(char *name, const char *text, const char *suffix)
{
	const char *slash = strrchr(text, '/'), *word = slash ? slash + 1 : text;
	size_t len = strlen(word), cut = strlen(suffix), at = strlen(name);

	if (cut && len > cut && strcmp(word + len - cut, suffix) == 0)
		len -= cut;
	snprintf(name + at, NAME_BYTES - at, "%s%.*s", at ? "+" : "", (int)len, word);
}

static bool is_taken(const struct run_plan *plan, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++) {
		if (strcmp(plan->runs[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Two traces of one name in different folders are still two runs. */
static char *name_of(const struct run_plan *plan, size_t number, const struct run_options *all)
{
	const struct run_planned *run = &plan->runs[number];
	char name[NAME_BYTES + 16] = "";
	size_t len;

	if (all->traces.nr > 1)
		add_word(name, run->options.trace, ".mmt");
	if (all->machines.nr > 1)
		add_word(name, run->options.machine, ".yaml");
	if (all->kernels.nr > 1)
		add_word(name, run->options.kernel, "");
	for (unsigned int i = 0; i < run->nr_own; i++)
		add_word(name, run->own[i], "");
	if (all->nr_seeds > 1)
		snprintf(name + strlen(name), NAME_BYTES - strlen(name), "%sseed%llu", name[0] ? "+" : "",
			 (unsigned long long)run->options.seed);
	len = strlen(name);
	for (unsigned int again = 2; is_taken(plan, number, name); again++)
		snprintf(name + len, sizeof(name) - len, "~%u", again);
	return strdup(name);
}

/* ---- runs --------------------------------------------------------------------------------------- */

static int choose_settings(struct run_planned *run, const struct run_options *o, uint64_t *rest)
{
	const unsigned int nr = o->scenario.nr_settings;

	run->settings = calloc(nr + 1, sizeof(*run->settings));
	run->own = calloc(nr + 1, sizeof(*run->own));
	if (!run->settings || !run->own)
		return -ENOMEM;
	for (unsigned int i = nr; i-- > 0;) {
		const char *setting = o->scenario.settings[i];
		unsigned int values = nr_values(setting);

		run->settings[i] = setting;
		if (values == 1)
			continue;
		run->settings[i] = run->own[run->nr_own] =
			setting_value(setting, (unsigned int)(*rest % values));
		if (!run->own[run->nr_own++])
			return -ENOMEM;
		*rest /= values;
	}
	run->options.scenario.settings = run->settings;
	return 0;
}

static const char *choose(const struct run_words *words, uint64_t *rest)
{
	size_t nr = at_least_one(words->nr);
	const char *word = words->nr ? words->list[*rest % nr] : NULL;

	*rest /= nr;
	return word;
}

static int plan_run(struct run_plan *plan, size_t number, const struct run_options *o)
{
	struct run_planned *run = &plan->runs[number];
	uint64_t rest = number;
	size_t size;

	run->options = *o;
	if (o->nr_seeds) {
		run->options.seed = o->seeds[rest % o->nr_seeds];
		rest /= o->nr_seeds;
	}
	if (choose_settings(run, o, &rest))
		return -ENOMEM;
	run->options.kernel = choose(&o->kernels, &rest);
	run->options.machine = choose(&o->machines, &rest);
	run->options.trace = choose(&o->traces, &rest);
	run->name = name_of(plan, number, o);
	if (!run->name)
		return -ENOMEM;
	if (plan->nr == 1 || !o->output)
		return 0;
	size = strlen(o->output) + strlen(run->name) + 2;
	run->output = malloc(size);
	if (!run->output)
		return -ENOMEM;
	snprintf(run->output, size, "%s/%s", o->output, run->name);
	run->options.output = run->output;
	return 0;
}

int run_plan_create(const struct run_options *o, struct run_plan *ret, struct mmr_error *err)
{
	uint64_t nr = nr_runs(o);
	int rc = 0;

	*ret = (struct run_plan){0};
	if (nr > RUN_PLAN_MAX)
		return mmr_err(err, -EINVAL, "%llu runs or more, expected at most %d", (unsigned long long)nr,
			       RUN_PLAN_MAX);
	ret->runs = calloc(nr, sizeof(*ret->runs));
	ret->nr = ret->runs ? nr : 0;
	for (size_t i = 0; i < ret->nr && !rc; i++)
		rc = plan_run(ret, i, o);
	if (!rc && ret->runs)
		return 0;
	run_plan_destroy(ret);
	return mmr_err(err, -ENOMEM, "no memory to plan %llu runs", (unsigned long long)nr);
}

void run_plan_destroy(struct run_plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++) {
		struct run_planned *run = &plan->runs[i];

		for (unsigned int s = 0; s < run->nr_own; s++)
			free(run->own[s]);
		free(run->own);
		free(run->settings);
		free(run->name);
		free(run->output);
	}
	free(plan->runs);
	*plan = (struct run_plan){0};
}

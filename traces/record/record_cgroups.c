// SPDX-License-Identifier: GPL-2.0-or-later
/* A cgroup's number is that of its folder, so the folders are walked through and their numbers kept. */
#include "traces/record/record_cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_NS   100000000
#define MAX_PATH  4096
#define MAX_DEPTH 64

struct folder {
	uint64_t id;
	char *path;
};

struct record_cgroups {
	char root[MAX_PATH]; /* where the hierarchy is mounted; empty where it is not */
	struct folder *folders; /* sorted by id */
	size_t nr, room;
	uint64_t looked_ns;
};

/* "35 24 0:30 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw": the fifth word is the place. */
static void find_root(struct record_cgroups *c, const char *mounts)
{
	char line[3 * MAX_PATH], top[MAX_PATH], place[MAX_PATH];
	FILE *f = fopen(mounts, "re");

	while (f && !c->root[0] && fgets(line, sizeof(line), f)) {
		const char *dash = strstr(line, " - ");

		if (!dash || strncmp(dash, " - cgroup2 ", 11) != 0 ||
		    sscanf(line, "%*s %*s %*s %4095s %4095s", top, place) != 2 || strcmp(top, "/") != 0)
			continue;
		memcpy(c->root, place, strlen(place) + 1);
	}
	if (f)
		fclose(f);
}

int record_cgroups_create(const char *mounts, struct record_cgroups **ret, struct mmr_error *err)
{
	struct record_cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return mmr_err(err, -ENOMEM, "recorder: no memory for the cgroups");
	find_root(c, mounts);
	*ret = c;
	return 0;
}

static void forget(struct record_cgroups *c)
{
	for (size_t i = 0; i < c->nr; i++)
		free(c->folders[i].path);
	c->nr = 0;
}

void record_cgroups_destroy(struct record_cgroups *c)
{
	if (!c)
		return;
	forget(c);
	free(c->folders);
	free(c);
}

static void add(struct record_cgroups *c, uint64_t id, const char *path)
{
	if (c->nr == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct folder *p = realloc(c->folders, room * sizeof(*p));

		if (!p)
			return; /* a path is not worth the recording */
		c->folders = p;
		c->room = room;
	}
	c->folders[c->nr].path = strdup(path[0] ? path : "/");
	if (c->folders[c->nr].path)
		c->folders[c->nr++].id = id;
}

/* @path: the folder's, with room for MAX_PATH; what is added to it is taken away again. */
static void walk(struct record_cgroups *c, char *path, size_t root_len, unsigned int depth)
{
	size_t len = strlen(path);
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st))
		return;
	add(c, st.st_ino, path + root_len);
	dir = depth < MAX_DEPTH ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		size_t more = strlen(entry->d_name);

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || len + more + 2 > MAX_PATH)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, entry->d_name, more + 1);
		walk(c, path, root_len, depth + 1);
		path[len] = '\0';
	}
	if (dir)
		closedir(dir);
}

static int by_id(const void *a, const void *b)
{
	const struct folder *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static const struct folder *find(const struct record_cgroups *c, uint64_t id)
{
	struct folder key = {.id = id};

	return c->nr ? bsearch(&key, c->folders, c->nr, sizeof(key), by_id) : NULL;
}

const char *record_cgroups_path(struct record_cgroups *c, uint64_t id, uint64_t now_ns)
{
	const struct folder *folder = find(c, id);
	char path[MAX_PATH];

	if (!folder && c->root[0] && (!c->looked_ns || now_ns - c->looked_ns >= LOOK_NS)) {
		c->looked_ns = now_ns;
		forget(c);
		memcpy(path, c->root, sizeof(path));
		walk(c, path, strlen(path), 0);
		if (c->nr)
			qsort(c->folders, c->nr, sizeof(*c->folders), by_id);
		folder = find(c, id);
	}
	return folder ? folder->path : "";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What answers the requests of a replay. A backend is one table; adding one that is compiled in is one
 * new file and one row in backend.c. One that is not comes as a shared object, see backend_plugin.h.
 */
#ifndef MMR_REPLAY_BACKEND_H
#define MMR_REPLAY_BACKEND_H

#include "core/page_alloc.h"

/** enum backend_kind - how the engine calls it: the first two without a function pointer per event */
enum backend_kind {
	BACKEND_CORE, /* mmr_alloc_pages() and mmr_free_pages() of the engine's machine */
	BACKEND_NULL, /* nothing: every request gets the recorded page */
	BACKEND_OPS, /* the functions below, and every page they return is checked */
};

/**
 * struct backend - an allocator under test
 * @create: make an allocator for the machine of @cfg, all of its memory free; @self is the table, so
 *	that several may share the function
 * @alloc, @free, @split: as mmr_alloc_pages(), mmr_free_pages(), mmr_split_page(), of a @ctx that
 *	@create made
 * @tick: the vmstat worker of one CPU ran; may be NULL
 * @bytes: host memory that its own bookkeeping takes; may be NULL
 *
 * The functions are for BACKEND_OPS only.
 */
struct backend {
	const char *name;
	const char *summary;
	enum backend_kind kind;
	int (*create)(const struct backend *self, const struct mmr_machine_config *cfg, uint64_t seed,
		      void **ctx, struct mmr_error *err);
	void (*destroy)(void *ctx);
	struct mmr_page (*alloc)(void *ctx, const struct mmr_request *request);
	int (*free)(void *ctx, uint32_t pfn, unsigned int order, unsigned int cpu, uint8_t *path);
	int (*split)(void *ctx, uint32_t pfn, unsigned int order, unsigned int new_order);
	void (*tick)(void *ctx, unsigned int cpu);
	uint64_t (*bytes)(void *ctx);
};

extern const struct backend backend_core; /* the model */
extern const struct backend backend_null; /* does nothing: its cost is the harness's own */
extern const struct backend backend_jemalloc; /* a general allocator's page level: the baseline */

/**
 * backend_open - by name, or by the path of a shared object (anything with a slash)
 * @ret: to be closed with backend_close()
 * Return: 0; -ENOENT for a name that is not known, with those that are; -EINVAL for a shared object that
 *	is none, has no backend in it, or one of another version, with both versions.
 */
int backend_open(const char *name, const struct backend **ret, struct mmr_error *err);
void backend_close(const struct backend *backend);

/** backend_plugin_open - the part of backend_open() for shared objects */
int backend_plugin_open(const char *path, const struct backend **ret, struct mmr_error *err);
void backend_plugin_close(const struct backend *backend);
bool backend_is_plugin(const struct backend *backend);

#endif

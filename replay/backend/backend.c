// SPDX-License-Identifier: GPL-2.0-or-later
/* The backends compiled in, by name; what has a slash in its name is a shared object. */
#include "replay/backend/backend.h"

#include <errno.h>
#include <string.h>

const struct backend backend_core = {
	.name = "core",
	.summary = "the model of the kernel's page allocator",
	.kind = BACKEND_CORE,
};

const struct backend backend_null = {
	.name = "null",
	.summary = "gives every request the recorded page: measures the harness itself",
	.kind = BACKEND_NULL,
};

int backend_open(const char *name, const struct backend **ret, struct mmr_error *err)
{
	static const struct backend *const all[] = {&backend_core, &backend_null, &backend_jemalloc};

	if (strchr(name, '/'))
		return backend_plugin_open(name, ret, err);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i]->name, name) == 0) {
			*ret = all[i];
			return 0;
		}
	}
	return mmr_err(err, -ENOENT,
		       "backend \"%s\", expected core, null, jemalloc or the path of a shared "
		       "object, e.g. ./liballoc.so",
		       name);
}

void backend_close(const struct backend *backend)
{
	if (backend && backend_is_plugin(backend))
		backend_plugin_close(backend);
}

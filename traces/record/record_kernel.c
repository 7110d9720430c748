// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_kernel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "traces/record/record_error.h"

static bool is_at_least(unsigned long major, unsigned long minor)
{
	struct utsname name;
	char *dot;
	unsigned long found;

	if (uname(&name))
		return false;
	found = strtoul(name.release, &dot, 10);
	return found > major || (found == major && *dot == '.' && strtoul(dot + 1, NULL, 10) >= minor);
}

bool record_kernel_preempts_programs(void)
{
	return is_at_least(7, 0);
}

bool record_kernel_runs_alone(void)
{
	return is_at_least(6, 2);
}

/* There a spinlock_t is { struct rt_mutex_base lock; }. */
bool record_kernel_preempts_locks(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	bool found = false;
	int id;

	if (!btf)
		return false;
	id = btf__find_by_name_kind(btf, "spinlock", BTF_KIND_STRUCT);
	type = id < 0 ? NULL : btf__type_by_id(btf, (unsigned int)id);
	for (int i = 0; type && i < btf_vlen(type) && !found; i++)
		found = !strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), "lock");
	btf__free(btf);
	return found;
}

int record_kernel_has_events(const struct bpf_object *obj, struct mmr_error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *prog;
	int rc = 0;

	if (!btf)
		return record_bpf_error(err, -errno, "reading the kernel's BTF");
	bpf_object__for_each_program(prog, obj)
	{
		const char *tracepoint = bpf_program__section_name(prog);
		char name[128];

		if (strncmp(tracepoint, "tp_btf/", 7) || !bpf_program__autoload(prog))
			continue;
		snprintf(name, sizeof(name), "btf_trace_%s", tracepoint + 7);
		if (btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) < 0) {
			rc = mmr_err(
				err, -ENOENT,
				"kernel: tracepoint %s: not in this kernel's BTF (no %s); recording needs it",
				tracepoint + 7, name);
			break;
		}
	}
	btf__free(btf);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* libbpf looks for tracefs at fixed places; the recorder may hold it where nobody else sees it. */
#include "traces/record/record_attach.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "traces/record/host_tracefs.h"
#include "traces/record/record_error.h"

struct bpf_link *record_attach_classic(const struct bpf_program *prog, int tracefs, const char *event,
				       struct mmr_error *err)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr)};
	int id = host_tracefs_event_id(tracefs, event, err);
	struct bpf_link *link;
	int fd;

	if (id < 0)
		return NULL;
	attr.config = (unsigned int)id;
	/* One event on one CPU: the program is called for the tracepoint, wherever it fires. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		record_bpf_error(err, -errno, "perf_event_open of %s", event);
		return NULL;
	}
	link = bpf_program__attach_perf_event(prog, fd);
	if (!link) {
		record_bpf_error(err, -errno, "attaching to %s", event);
		close(fd);
	}
	return link;
}

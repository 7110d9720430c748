// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs in processes: begun while there are tokens, told in their order. */
#include "replay/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 200 /* a signal between the look at @stop and poll() is seen this much later */

/* ---- tokens ------------------------------------------------------------------------------------ */

int job_tokens_init(struct job_tokens *t, unsigned int nr_jobs, struct mmr_error *err)
{
	int fds[2];

	*t = (struct job_tokens){-1, -1};
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return mmr_err(err, -errno, "cannot make a pipe for %u jobs: %s", nr_jobs, strerror(errno));
	*t = (struct job_tokens){fds[0], fds[1]};
	/* The first worker is who has none to begin with. */
	for (unsigned int i = 1; i < nr_jobs; i++)
		job_token_give(t);
	return 0;
}

void job_tokens_deinit(struct job_tokens *t)
{
	if (t->read_fd >= 0)
		close(t->read_fd);
	if (t->write_fd >= 0)
		close(t->write_fd);
	*t = (struct job_tokens){-1, -1};
}

bool job_token_take(struct job_tokens *t)
{
	char token;

	return read(t->read_fd, &token, 1) == 1;
}

void job_token_give(struct job_tokens *t)
{
	/* There are never more than JOBS_MAX, which a pipe of one page holds. */
	while (write(t->write_fd, "", 1) < 0 && errno == EINTR)
		continue;
}

/* ---- one job ------------------------------------------------------------------------------------ */

enum job_state { JOB_WAITS, JOB_WORKS, JOB_ENDED };

/* struct job - @life: a pipe that is closed when its process ends; @out, @complaints: files without a name */
struct job {
	enum job_state state;
	pid_t pid;
	int life, out, complaints, status;
	bool has_token;
};

struct job_run {
	const struct jobs *jobs;
	struct job *job; /* [jobs->nr] */
	struct pollfd *polled; /* [jobs->nr + 1] */
	size_t nr_begun, nr_ended, nr_told, nr_working;
	bool interrupted, own_busy; /* the job that needs no token is at work */
};

static void close_job(struct job *job)
{
	int fds[] = {job->life, job->out, job->complaints};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	job->life = job->out = job->complaints = -1;
}

/* In the new process. */
static _Noreturn void be_job(const struct jobs *jobs, size_t number, const struct job *job)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody would hear what it says */
	if (dup2(job->out, STDOUT_FILENO) < 0 || dup2(job->complaints, STDERR_FILENO) < 0)
		_exit(1);
	exit(jobs->work(jobs->ctx, number));
}

static int begin_job(struct job_run *run, bool has_token, struct mmr_error *err)
{
	const size_t number = run->nr_begun;
	struct job *job = &run->job[number];
	int life[2] = {-1, -1};

	job->out = memfd_create("job", MFD_CLOEXEC);
	job->complaints = memfd_create("job", MFD_CLOEXEC);
	if (job->out < 0 || job->complaints < 0 || pipe2(life, O_CLOEXEC))
		return mmr_err(err, -errno, "cannot begin job %zu: %s", number + 1, strerror(errno));
	fflush(NULL); /* or the job would write once more what waits in this process */
	job->pid = fork();
	if (job->pid == 0) {
		close(life[0]);
		be_job(run->jobs, number, job);
	}
	job->life = life[0];
	close(life[1]);
	if (job->pid < 0)
		return mmr_err(err, -errno, "cannot begin job %zu: %s", number + 1, strerror(errno));
	job->state = JOB_WORKS;
	job->has_token = has_token;
	run->own_busy |= !has_token;
	run->nr_begun++;
	run->nr_working++;
	return 0;
}

static void end_job(struct job_run *run, struct job *job)
{
	int status = 0;

	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	job->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	job->state = JOB_ENDED;
	if (job->has_token)
		job_token_give(run->jobs->tokens);
	else
		run->own_busy = false;
	run->nr_working--;
	run->nr_ended++;
}

/* ---- telling ------------------------------------------------------------------------------------ */

/* All that was written into @fd; NULL without memory. */
static char *text_of(int fd)
{
	struct stat st = {0};
	size_t size = fd >= 0 && !fstat(fd, &st) ? (size_t)st.st_size : 0, at = 0;
	char *text = malloc(size + 1);

	while (text && at < size) {
		ssize_t nr = pread(fd, text + at, size - at, (off_t)at);

		if (nr <= 0)
			break;
		at += (size_t)nr;
	}
	if (text)
		text[at] = '\0';
	return text;
}

static void tell_job(struct job_run *run, size_t number)
{
	static char lost[] = "no memory to keep what it said\n";
	struct job *job = &run->job[number];
	int status = job->state == JOB_ENDED ? job->status : JOB_NOT_RUN;
	char *out = text_of(job->out), *complaints = text_of(job->complaints), none[] = "";

	run->jobs->done(run->jobs->ctx, number, status, out ? out : none, complaints ? complaints : lost);
	free(out);
	free(complaints);
	close_job(job);
}

static void tell_ended(struct job_run *run)
{
	while (run->nr_told < run->nr_begun && run->job[run->nr_told].state == JOB_ENDED)
		tell_job(run, run->nr_told++);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static void interrupt_all(struct job_run *run)
{
	for (size_t i = 0; i < run->nr_begun; i++) {
		if (run->job[i].state == JOB_WORKS)
			kill(run->job[i].pid, SIGINT);
	}
	run->interrupted = true;
}

/* Until a job ends, or, where @for_token, there is a token to begin another with. */
static void wait_for_some(struct job_run *run, bool for_token)
{
	size_t nr = 0, begin = run->nr_told;

	for (size_t i = begin; i < run->nr_begun; i++)
		run->polled[nr++] = (struct pollfd){
			.fd = run->job[i].state == JOB_WORKS ? run->job[i].life : -1, .events = POLLIN};
	if (for_token)
		run->polled[nr++] = (struct pollfd){.fd = run->jobs->tokens->read_fd, .events = POLLIN};
	if (poll(run->polled, nr, POLL_MS) <= 0)
		return;
	for (size_t i = begin; i < run->nr_begun; i++) {
		if (run->polled[i - begin].revents && run->job[i].state == JOB_WORKS)
			end_job(run, &run->job[i]);
	}
}

static int run_all(struct job_run *run, struct mmr_error *err)
{
	const struct jobs *jobs = run->jobs;
	bool closing = false;
	int rc = 0;

	for (;;) {
		bool token = false;

		if (jobs->stop && *jobs->stop && !run->interrupted)
			interrupt_all(run);
		closing |= run->interrupted || rc;
		if (!closing && run->nr_begun < jobs->nr &&
		    (!run->own_busy || (token = job_token_take(jobs->tokens)))) {
			rc = begin_job(run, token, err);
			if (rc && token)
				job_token_give(jobs->tokens);
			continue;
		}
		if (!run->nr_working)
			break;
		wait_for_some(run, !closing && run->nr_begun < jobs->nr);
		tell_ended(run);
		if (jobs->progress)
			jobs->progress(jobs->ctx, run->nr_ended);
	}
	for (; run->nr_told < jobs->nr; run->nr_told++)
		tell_job(run, run->nr_told);
	return rc;
}

int jobs_run(const struct jobs *jobs, struct mmr_error *err)
{
	struct job_run run = {.jobs = jobs};
	int rc;

	run.job = calloc(jobs->nr, sizeof(*run.job));
	run.polled = calloc(jobs->nr + 1, sizeof(*run.polled));
	for (size_t i = 0; run.job && i < jobs->nr; i++)
		run.job[i].life = run.job[i].out = run.job[i].complaints = -1;
	rc = run.job && run.polled ? run_all(&run, err)
				   : mmr_err(err, -ENOMEM, "no memory for %zu jobs", jobs->nr);
	free(run.job);
	free(run.polled);
	return rc;
}

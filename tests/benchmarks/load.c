/* Makes system calls, for the benchmarks.
 *
 *   load loop CALL COUNT        nanoseconds a call, in the quiet: the tenth percentile of short stretches, most of which
 *                               no interrupt and no other process disturbs
 *   load pace CALL RATE SECONDS calls at RATE a second, in bursts of a millisecond; prints how many were made
 *
 * CALL: getppid (no arguments), or umount2 with flags that the kernel refuses at once, so that a path is passed and nothing
 * is looked up; or function, which is no system call but a function of this program.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STRETCH 1000 /* calls */

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(long long when)
{
	struct timespec t = {when / 1000000000LL, when % 1000000000LL};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

__attribute__((noinline, used)) void noted(long number)
{
	asm volatile("" : : "r"(number));
}

static void make_calls(const char *call, long count)
{
	if (!strcmp(call, "getppid"))
		while (count-- > 0)
			syscall(SYS_getppid);
	else if (!strcmp(call, "function"))
		while (count-- > 0)
			noted(count);
	else
		while (count-- > 0)
			syscall(SYS_umount2, "/srv/data/benchmark/some/mount", 0x40000000);
}

static int ascending(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static void loop(const char *call, long count)
{
	long stretches = count / STRETCH;
	long long *took = calloc(stretches, sizeof(*took));

	for (long i = 0; i < stretches; i++) {
		long long start = now();

		make_calls(call, STRETCH);
		took[i] = now() - start;
	}
	qsort(took, stretches, sizeof(*took), ascending);
	printf("%.2f\n", (double)took[stretches / 10] / STRETCH);
	free(took);
}

static void pace(const char *call, long rate, long seconds)
{
	long long start = now();
	long made = 0;

	for (long tick = 1; tick <= seconds * 1000; tick++) {
		long due = rate / 1000 * tick;

		make_calls(call, due - made);
		made = due;
		sleep_until(start + tick * 1000000LL);
	}
	printf("%ld\n", made);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "loop"))
		loop(argv[2], atol(argv[3]));
	else if (argc == 5 && !strcmp(argv[1], "pace"))
		pace(argv[2], atol(argv[3]), atol(argv[4]));
	else
		return 64;
	return 0;
}

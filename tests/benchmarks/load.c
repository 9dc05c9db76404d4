/* Makes system calls, for the benchmarks.
 *
 *   load loop CALL COUNT        nanoseconds a call, the best of ten rounds of COUNT/10 calls
 *   load pace CALL RATE SECONDS calls at RATE a second, in bursts of a millisecond; prints how many were made
 *
 * CALL: getppid (no arguments), or umount2 with flags that the kernel refuses at once, so that a path is passed and nothing
 * is looked up.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

static void make_calls(const char *call, long count)
{
	if (!strcmp(call, "getppid"))
		while (count-- > 0)
			syscall(SYS_getppid);
	else
		while (count-- > 0)
			syscall(SYS_umount2, "/srv/data/benchmark/some/mount", 0x40000000);
}

static void loop(const char *call, long count)
{
	long long best = -1;

	for (int round = 0; round < 10; round++) {
		long long start = now(), took;

		make_calls(call, count / 10);
		took = now() - start;
		if (best < 0 || took < best)
			best = took;
	}
	printf("%.2f\n", (double)best / (count / 10));
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

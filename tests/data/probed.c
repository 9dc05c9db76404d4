/* A program with functions and USDT probes for the tests of user-space hooks: obeys one command a line of its input.
 *
 * add A B | nine | greet TEXT | fire N TEXT | loop N   the command's answer is printed as a line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What sys/sdt.h (systemtap) makes of a probe, without needing it: an instruction that does nothing, and a note of where
 * it is, where its semaphore is, and where the compiler has the arguments. */
#define NOTE(provider, name, semaphore, arguments)                                              \
	"990: nop\n"                                                                            \
	".pushsection .note.stapsdt,\"\",\"note\"\n"                                            \
	".balign 4\n"                                                                           \
	".4byte 992f-991f, 994f-993f, 3\n"                                                      \
	"991: .asciz \"stapsdt\"\n"                                                             \
	"992: .balign 4\n"                                                                      \
	"993: .8byte 990b\n"                                                                    \
	".8byte _.stapsdt.base\n"                                                               \
	".8byte " semaphore "\n"                                                                \
	".asciz \"" provider "\"\n"                                                             \
	".asciz \"" name "\"\n"                                                                 \
	".asciz \"" arguments "\"\n"                                                            \
	"994: .balign 4\n"                                                                      \
	".popsection\n"                                                                         \
	".ifndef _.stapsdt.base\n"                                                              \
	".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"                 \
	".weak _.stapsdt.base\n"                                                                \
	".hidden _.stapsdt.base\n"                                                              \
	"_.stapsdt.base: .space 1\n"                                                            \
	".size _.stapsdt.base, 1\n"                                                             \
	".popsection\n"                                                                         \
	".endif\n"

__attribute__((section(".probes"), used)) volatile unsigned short demo_fire_semaphore;

__attribute__((noinline, used)) long add(int a, long b)
{
	asm volatile("");
	return a + b;
}

__attribute__((noinline, used)) long nine(long a, long b, long c, long d, long e, long f, long g, int h, const char *i)
{
	asm volatile("");
	return a + b + c + d + e + f + g + h + (long) strlen(i);
}

__attribute__((noinline, used)) char *greet(const char *name)
{
	static char greeting[256];

	snprintf(greeting, sizeof(greeting), "hello %s", name);
	return greeting;
}

static __attribute__((noinline)) long hidden(long a)
{
	asm volatile("");
	return a * 2;
}

__attribute__((noinline, used)) void fire(int number, const char *text, const int *table, long index)
{
	volatile short kept = (short) -number;

	asm volatile(NOTE("demo", "fire", "demo_fire_semaphore", "-4@%0 8@%1 -2@%2 -4@%3 8@$7")
		     : : "r"(number), "r"(text), "m"(kept), "m"(table[index]));
	if (demo_fire_semaphore)
		puts("watched");
	asm volatile(NOTE("demo", "quiet", "0", ""));
}

int main(void)
{
	static const int table[] = {10, 20, 30, 40};
	char line[512], text[256];
	long a, b;

	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "add %ld %ld", &a, &b) == 2) {
			printf("%ld\n", add((int) a, b));
		} else if (!strncmp(line, "nine", 4)) {
			printf("%ld\n", nine(1, 2, 3, 4, 5, 6, 7, -8, "ninth"));
		} else if (sscanf(line, "greet %255s", text) == 1) {
			puts(greet(text));
		} else if (sscanf(line, "fire %ld %255s", &a, text) == 2) {
			fire((int) a, text, table, a & 3);
			puts("fired");
		} else if (sscanf(line, "loop %ld", &a) == 1) {
			for (b = 0; b < a; b++)
				hidden(add(1, b));
			printf("%ld\n", a);
		}
	}
	return 0;
}

/* Calls getpgid by ways that are known to the frame: without a libc, so that every frame has a frame pointer and a name.
 *
 * chain N: left() calls getpgid(7) N times, right() calls getpgid(11) N times, and deep() does so 60 calls deep, once.
 * chain N j: code that is in no file calls getpgid(13) N times.  chain N a: astray() calls getpgid(17) N times, without a frame
 * that leads on.  chain 0 s: spins in spin() until it is killed. */

#define NOINLINE __attribute__((noinline))
#define SYS_mmap 9
#define SYS_exit 60
#define SYS_getpgid 121

static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = 0;
	long result;

	asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

NOINLINE long innermost(long pid)
{
	long result = call(SYS_getpgid, pid, 0, 0, 0, 0);

	asm volatile("" ::: "memory");
	return result;
}

NOINLINE long left(void)
{
	long result = innermost(7);

	asm volatile("" ::: "memory");
	return result;
}

NOINLINE long right(void)
{
	long result = innermost(11);

	asm volatile("" ::: "memory");
	return result;
}

NOINLINE long deep(int depth)
{
	long result = depth ? deep(depth - 1) : innermost(60);

	asm volatile("" ::: "memory");
	return result;
}

NOINLINE void spin(void)
{
	for (;;)
		asm volatile("" ::: "memory");
}

static const unsigned char CODE[] = {0x55, 0x48, 0x89, 0xe5, 0xb8, SYS_getpgid, 0, 0, 0, 0x0f, 0x05, 0x5d, 0xc3};

NOINLINE void generated(int count)
{
	char *place = (char *) call(SYS_mmap, 0, 4096, 7, 0x22, -1);

	for (unsigned int i = 0; i < sizeof(CODE); i++)
		place[i] = CODE[i];
	for (int i = 0; i < count; i++)
		((void (*)(long)) place)(13);
}

/* As code without frame pointers does: what the walk takes for a frame is none, and has text where an address would be. */
NOINLINE void astray(int count)
{
	static volatile unsigned long frame[2];
	long result;

	frame[1] = 0x632d34365f363878;

	for (int i = 0; i < count; i++)
		asm volatile("mov %%rbp, %%rbx\n\tmov %2, %%rbp\n\tsyscall\n\tmov %%rbx, %%rbp"
			     : "=a"(result) : "a"(SYS_getpgid), "r"(frame), "D"(17L) : "rbx", "rcx", "r11", "memory");
}

NOINLINE void work(int count, char how)
{
	if (how == 's')
		spin();
	if (how == 'j') {
		generated(count);
		return;
	}
	if (how == 'a') {
		astray(count);
		return;
	}
	for (int i = 0; i < count; i++) {
		left();
		right();
	}
	deep(60);
}

__attribute__((used)) void begin(long *stack)
{
	char **arguments = (char **) (stack + 1);
	int count = 0;

	for (char *digit = arguments[1]; *digit; digit++)
		count = 10 * count + *digit - '0';
	work(count, stack[0] > 2 ? arguments[2][0] : 0);
	call(SYS_exit, 0, 0, 0, 0, 0);
}

asm(".globl _start\n.type _start, @function\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tcall begin\n");

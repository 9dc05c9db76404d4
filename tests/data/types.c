/* Types for the tests of BTF and of walks: one of each case that kernels have.  Made into types.btf by
 *   clang -target bpf -g -O2 -c types.c -o types.o && llvm-objcopy --dump-section .BTF=types.btf types.o
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed long long s64;
typedef _Bool bool;
typedef int pid_t;
typedef u16 __be16;
typedef struct { int counter; } atomic_t;
typedef struct { atomic_t refs; } refcount_t;
typedef struct { u32 val; } kuid_t;
typedef struct { u64 low, high; } pair_t;

enum state { RUNNING, SLEEPING = 4 };

struct in6_addr { u8 bytes[16]; };
struct opaque;

struct name {
	union {
		struct { u32 hash, len; };
		u64 hash_len;
	};
	const unsigned char *text;
};

struct task {
	volatile long flags;
	struct task *parent;
	const char *label;
	char comm[16];
	int pid;
	pid_t tgid;
	enum state state;
	unsigned first : 1;
	unsigned second : 3;
	bool busy;
	kuid_t uid;
	refcount_t usage;
	struct name name;
	pair_t *pair;
	struct { int inner; } *unnamed;
	struct opaque *opaque;
	u64 slots[4];
	struct name names[2];
	u8 hardware[6];
	__be16 port;
	struct in6_addr address;
	void (*callback)(struct task *);
	s64 wait;
};

typedef void (*btf_trace_sample)(void *, struct task *, const char *, u16, bool);
typedef void (*btf_trace_unnamed)(void *, int);

int __traceiter_sample(void *__data, struct task *task, const char *reason, u16 port, bool last)
{
	return 0;
}

btf_trace_sample use_sample;
btf_trace_unnamed use_unnamed;
enum state use_state;

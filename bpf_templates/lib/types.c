typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define PD_INLINE static inline __attribute__((always_inline))
#define PD_ENTRY __attribute__((section("policyd"), used))

/* A load at a constant offset of a buffer of ours. */
#define PD_LOAD(type, pointer, offset) (*(type *) ((char *) (pointer) + (offset)))

/* A load at a constant offset of a context, as one instruction: the verifier refuses a context's address that the compiler
 * has calculated before, which it does where many rules load the same. */
#define PD_CONTEXT(type, pointer, offset)                                                    \
	({                                                                                   \
		u64 loaded;                                                                  \
		asm volatile("%0 = *(" #type " *)(%1 + %2)" : "=r"(loaded) : "r"(pointer), "i"(offset)); \
		loaded;                                                                      \
	})

/* The address of a member of a kernel's structure.  clang has it relocated for the kernel that runs.  bcc has no relocations, and
 * checks C for the host but makes code for BPF, where LLVM lays structures with runs of bit fields out otherwise: so the offset
 * is a number, added to what LLVM cannot know for a pointer to such a structure. */
#ifdef PD_LITERAL_MAPS
#define PD_AT(type, pointer, member)                                            \
	({                                                                      \
		u64 pd_base = (u64) (pointer);                                  \
		asm("" : "+r"(pd_base));                                        \
		(__typeof__(((type *) 0)->member) *) (pd_base + __builtin_offsetof(type, member)); \
	})
#else
#define PD_AT(type, pointer, member) (&((type *) (pointer))->member)
#endif

/* Between rules: what one has read of the scratch place is read anew by the next.  Without it the compiler keeps it all in
 * registers, of which there are ten, and takes longer and longer over it. */
#define PD_BARRIER() asm volatile("" : : : "memory")

/* Keeps the compiler from seeing through a value, so that a bound stays where the verifier looks for it. */
#define PD_OPAQUE(value) asm volatile("" : "+r"(value))

/* What became of a value: 0 means that nobody has asked for it yet. */
#define PD_OK 1
#define PD_ABSENT 2 /* does not exist here: NULL pointer, no such header */
#define PD_UNREAD 3 /* a fault or a race kept it from being read */

/* What became of a search: 0 means that no rule has wanted it yet. */
#define PD_WANTED 1
#define PD_SEARCHED 2

/* Verdicts in rising order: the highest of all rules wins. */
#define PD_VERDICT_NONE 0
#define PD_VERDICT_PASS 1
#define PD_VERDICT_MARK 2
#define PD_VERDICT_RETURN 2 /* of functions, which have no marks */
#define PD_VERDICT_REDIRECT 3
#define PD_VERDICT_DROP 4 /* drop and deny */

#define PD_CONFIG_SUSPEND 1
#define PD_CONFIG_ENFORCE 2

#define PD_FLAG_UNREAD 1

struct pd_address {
	u64 high; /* network byte order; IPv4 is ::ffff:a.b.c.d */
	u64 low;
};

struct pd_packed {
	u16 offset;
	u16 length;
};

struct pd_config {
	u32 flags;
	u32 thread; /* of the canary, in the row that is reserved for it */
};

struct pd_scalar {
	u64 set;
	u64 low;
	u64 high;
};

/* Whether a system call came in by the 32-bit table: thread_info.status has TS_COMPAT (arch/x86/include/asm/thread_info.h),
 * on arm64 thread_info.flags has TIF_32BIT (bit 22, arch/arm64/include/asm/thread_info.h). */
PD_INLINE u8 syscall_abi(struct run *r, u64 *out)
{
	struct task_struct *task = (struct task_struct *) pd_task();
#ifdef PD_ARM64
	u64 flags = 0;

	if (pd_read_kernel(&flags, sizeof(flags), PD_AT(struct task_struct, task, thread_info.flags)))
		return PD_UNREAD;
	*out = flags >> 22 & 1;
#else
	u32 status = 0;

	if (pd_read_kernel(&status, sizeof(status), PD_AT(struct task_struct, task, thread_info.status)))
		return PD_UNREAD;
	*out = status >> 1 & 1;
#endif
	return PD_OK;
}

#define PD_COMPAT (1ULL << 32) /* resolve/traces.py */

/* The number of the system call, marked if it is one of the 32-bit table; the context is that of raw_syscalls. */
PD_INLINE u8 syscall_number(struct run *r, u64 *out)
{
	u64 compat = 0;
	u8 state = syscall_abi(r, &compat);

	*out = PD_CONTEXT(u64, r->ctx, 8) | (compat ? PD_COMPAT : 0);
	return state;
}

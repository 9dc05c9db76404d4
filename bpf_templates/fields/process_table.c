/* As a process was when it was forked, or last executed a program; a process that was there before policyd: as it was then. */
struct pd_began {
	u64 capabilities[5]; /* effective, permitted, inheritable, bounding, ambient */
	u32 uid;
	u32 gid;
	u32 namespaces[7]; /* inode numbers: pid (of its children), mnt, net, user, uts, ipc, cgroup; 0: not known */
	u8 origin; /* PD_ORIGIN_*; 0: not known */
	u8 has_ids; /* whether uid, gid and capabilities are known */
	u16 spare;
};

/* A row of the engine's process table: written at exec, copied at fork, dropped at exit, filled from /proc at the start. */
struct pd_process {
	u16 exe_length;
	u16 args_length;
	u8 exe_cut;
	u8 args_cut;
	u16 spare;
	struct pd_began began;
	char exe[256];
	char args[256];
	char slack[256]; /* never written: lets words be compared at any offset */
};

PD_INLINE struct pd_process *pd_process_of(void *processes, u32 pid)
{
	return pd_map_lookup(processes, &pid);
}

PD_INLINE struct pd_process *pd_process_self(void *processes)
{
	return pd_process_of(processes, pd_pid_tgid() >> 32);
}

/* How a process began: its users, capabilities and namespaces when it was forked, or last executed a program. */
#define PD_NAMESPACE_PID 0 /* that of its children: its own never changes */
#define PD_NAMESPACE_MNT 1
#define PD_NAMESPACE_NET 2
#define PD_NAMESPACE_USER 3
#define PD_NAMESPACE_UTS 4
#define PD_NAMESPACE_IPC 5
#define PD_NAMESPACE_CGROUP 6

#define PD_ORIGIN_HOST 1
#define PD_ORIGIN_INIT 2
#define PD_ORIGIN_JOINED 3

PD_INLINE u32 pd_number_of(const void *member)
{
	u32 number = 0;

	pd_read_kernel(&number, sizeof(number), member);
	return number;
}

/* The inode number of one of a task's namespaces; 0: it has none any more, or it could not be read. */
PD_INLINE u32 pd_namespace_number(struct task_struct *task, u32 which)
{
	u64 proxy = PD_FOLLOW(struct task_struct, task, nsproxy);
	u64 at;

	if (which == PD_NAMESPACE_USER) {
		at = PD_FOLLOW(struct task_struct, task, real_cred);
		at = PD_FOLLOW(struct cred, at, user_ns);
		return pd_number_of(PD_AT(struct user_namespace, at, ns.inum));
	}
	if (!proxy)
		return 0;
	if (which == PD_NAMESPACE_PID) {
		at = PD_FOLLOW(struct nsproxy, proxy, pid_ns_for_children);
		return pd_number_of(PD_AT(struct pid_namespace, at, ns.inum));
	}
	if (which == PD_NAMESPACE_MNT) {
		at = PD_FOLLOW(struct nsproxy, proxy, mnt_ns);
		return pd_number_of(PD_AT(struct mnt_namespace, at, ns.inum));
	}
	if (which == PD_NAMESPACE_NET) {
		at = PD_FOLLOW(struct nsproxy, proxy, net_ns);
		return pd_number_of(PD_AT(struct net, at, ns.inum));
	}
	if (which == PD_NAMESPACE_UTS) {
		at = PD_FOLLOW(struct nsproxy, proxy, uts_ns);
		return pd_number_of(PD_AT(struct uts_namespace, at, ns.inum));
	}
	if (which == PD_NAMESPACE_IPC) {
		at = PD_FOLLOW(struct nsproxy, proxy, ipc_ns);
		return pd_number_of(PD_AT(struct ipc_namespace, at, ns.inum));
	}
	at = PD_FOLLOW(struct nsproxy, proxy, cgroup_ns);
	return pd_number_of(PD_AT(struct cgroup_namespace, at, ns.inum));
}

PD_INLINE u64 pd_capabilities_at(u64 cred, u32 which)
{
	if (which == 0)
		return pd_follow((u64) PD_AT(struct cred, cred, cap_effective));
	if (which == 1)
		return pd_follow((u64) PD_AT(struct cred, cred, cap_permitted));
	if (which == 2)
		return pd_follow((u64) PD_AT(struct cred, cred, cap_inheritable));
	if (which == 3)
		return pd_follow((u64) PD_AT(struct cred, cred, cap_bset));
	return pd_follow((u64) PD_AT(struct cred, cred, cap_ambient));
}

/* Notes how a task is now. */
PD_INLINE void pd_begin(struct task_struct *task, struct pd_began *began)
{
	u64 cred = PD_FOLLOW(struct task_struct, task, real_cred);

	began->has_ids = cred && !pd_read_kernel(&began->uid, sizeof(began->uid), PD_AT(struct cred, cred, uid.val));
	began->gid = pd_number_of(PD_AT(struct cred, cred, gid.val));
#pragma unroll
	for (u32 i = 0; i < 5; i++)
		began->capabilities[i] = pd_capabilities_at(cred, i);
#pragma unroll
	for (u32 i = 0; i < 7; i++)
		began->namespaces[i] = pd_namespace_number(task, i);
}

/* The number of a task's pid namespace, how deep it lies below the host's, and the task's number in it. */
PD_INLINE u32 pd_where(struct task_struct *task, u32 *level, u32 *number)
{
	u64 pid = PD_FOLLOW(struct task_struct, task, thread_pid);
	struct upid *upid;
	u64 at;

	*level = pd_number_of(PD_AT(struct pid, pid, level));
	upid = (struct upid *) ((u64) PD_AT(struct pid, pid, numbers) + *level * sizeof(struct upid));
	*number = pd_number_of(PD_AT(struct upid, upid, nr));
	at = PD_FOLLOW(struct upid, upid, ns);
	return pd_number_of(PD_AT(struct pid_namespace, at, ns.inum));
}

/* How a task came to where it is: what is on the host, or the first of a container, says so itself; whoever was made by
 * somebody outside has joined; all others are of the origin of who made them. */
PD_INLINE u32 pd_origin(struct task_struct *task, struct task_struct *parent, u32 inherited)
{
	u32 level = 0;
	u32 number = 0;
	u32 unused;
	u32 namespace = pd_where(task, &level, &number);

	if (!namespace)
		return 0;
	if (!level)
		return PD_ORIGIN_HOST;
	if (number == 1)
		return PD_ORIGIN_INIT;
	if (parent && pd_where(parent, &level, &unused) != namespace)
		return PD_ORIGIN_JOINED;
	return inherited;
}

/* Whether a process's namespaces are those of the host's init.  `member` is a namespace's place in `struct nsproxy`. */
PD_INLINE u8 pd_namespace(struct task_struct *task, u64 member, u64 *out)
{
	struct nsproxy *proxy = 0;

	if (pd_read_kernel(&proxy, sizeof(proxy), PD_AT(struct task_struct, task, nsproxy)))
		return PD_UNREAD;
	if (!proxy) /* it is about to end */
		return PD_ABSENT;
	return pd_read_kernel(out, sizeof(*out), (char *) proxy + member) ? PD_UNREAD : PD_OK;
}

PD_INLINE u8 pd_in_namespace_of_host(u64 p, u64 member, u64 *out)
{
	struct task_struct *init = pd_host_init(p);
	u64 mine = 0;
	u64 hosts = 0;
	u8 state = pd_namespace((struct task_struct *) p, member, &mine);

	if (state != PD_OK)
		return state;
	if (!init || pd_namespace(init, member, &hosts) != PD_OK)
		return PD_UNREAD;
	*out = mine == hosts;
	return PD_OK;
}

PD_INLINE u8 task_mnt_is_host(struct run *r, u64 p, u64 *out)
{
	return pd_in_namespace_of_host(p, (u64) PD_AT(struct nsproxy, 0, mnt_ns), out);
}

PD_INLINE u8 task_net_is_host(struct run *r, u64 p, u64 *out)
{
	return pd_in_namespace_of_host(p, (u64) PD_AT(struct nsproxy, 0, net_ns), out);
}

PD_INLINE u8 task_uts_is_host(struct run *r, u64 p, u64 *out)
{
	return pd_in_namespace_of_host(p, (u64) PD_AT(struct nsproxy, 0, uts_ns), out);
}

PD_INLINE u8 task_ipc_is_host(struct run *r, u64 p, u64 *out)
{
	return pd_in_namespace_of_host(p, (u64) PD_AT(struct nsproxy, 0, ipc_ns), out);
}

PD_INLINE u8 task_cgroup_is_host(struct run *r, u64 p, u64 *out)
{
	return pd_in_namespace_of_host(p, (u64) PD_AT(struct nsproxy, 0, cgroup_ns), out);
}

PD_INLINE u8 pd_user_namespace(struct task_struct *task, u64 *out)
{
	struct cred *cred = 0;

	if (pd_read_kernel(&cred, sizeof(cred), PD_AT(struct task_struct, task, real_cred)) ||
	    pd_read_kernel(out, sizeof(*out), PD_AT(struct cred, cred, user_ns)))
		return PD_UNREAD;
	return PD_OK;
}

PD_INLINE u8 task_user_is_host(struct run *r, u64 p, u64 *out)
{
	struct task_struct *init = pd_host_init(p);
	u64 mine = 0;
	u64 hosts = 0;

	if (!init || pd_user_namespace((struct task_struct *) p, &mine) != PD_OK ||
	    pd_user_namespace(init, &hosts) != PD_OK)
		return PD_UNREAD;
	*out = mine == hosts;
	return PD_OK;
}

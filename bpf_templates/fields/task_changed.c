/* Whether a task has become another than its process began as. */
PD_INLINE u8 pd_began_of(u64 p, struct pd_began **began)
{
	struct pd_process *row = 0;
	u8 state = pd_program_of(p, &row);

	if (state != PD_OK || !row)
		return state;
	*began = &row->began;
	return PD_OK;
}

PD_INLINE u8 pd_changed_capabilities(u64 p, u32 which, u64 *out)
{
	struct pd_began *began = 0;
	u8 state = pd_began_of(p, &began);
	u64 cred;

	if (state != PD_OK || !began)
		return state;
	cred = PD_FOLLOW(struct task_struct, p, real_cred);
	if (!began->has_ids || !cred)
		return PD_UNREAD;
	*out = began->capabilities[which] != pd_capabilities_at(cred, which);
	return PD_OK;
}

PD_INLINE u8 pd_changed_namespace(u64 p, u32 which, u64 *out)
{
	struct pd_began *began = 0;
	u8 state = pd_began_of(p, &began);
	u32 now;

	if (state != PD_OK || !began)
		return state;
	now = pd_namespace_number((struct task_struct *) p, which);
	if (!now) /* it is about to end */
		return PD_ABSENT;
	if (!began->namespaces[which])
		return PD_UNREAD;
	*out = began->namespaces[which] != now;
	return PD_OK;
}

PD_INLINE u8 pd_changed_id(u64 p, u32 group, u64 *out)
{
	struct pd_began *began = 0;
	u8 state = pd_began_of(p, &began);
	u64 cred;

	if (state != PD_OK || !began)
		return state;
	cred = PD_FOLLOW(struct task_struct, p, real_cred);
	if (!began->has_ids || !cred)
		return PD_UNREAD;
	*out = group ? began->gid != pd_number_of(PD_AT(struct cred, cred, gid.val)) :
		       began->uid != pd_number_of(PD_AT(struct cred, cred, uid.val));
	return PD_OK;
}

#define PD_CHANGED(kind, name, which)                                           \
	PD_INLINE u8 task_changed_##name(struct run *r, u64 p, u64 *out)        \
	{                                                                       \
		return pd_changed_##kind(p, which, out);                        \
	}

PD_CHANGED(id, uid, 0)
PD_CHANGED(id, gid, 1)
PD_CHANGED(capabilities, effective, 0)
PD_CHANGED(capabilities, permitted, 1)
PD_CHANGED(capabilities, inheritable, 2)
PD_CHANGED(capabilities, bounding, 3)
PD_CHANGED(capabilities, ambient, 4)
PD_CHANGED(namespace, pid, PD_NAMESPACE_PID)
PD_CHANGED(namespace, mnt, PD_NAMESPACE_MNT)
PD_CHANGED(namespace, net, PD_NAMESPACE_NET)
PD_CHANGED(namespace, user, PD_NAMESPACE_USER)
PD_CHANGED(namespace, uts, PD_NAMESPACE_UTS)
PD_CHANGED(namespace, ipc, PD_NAMESPACE_IPC)
PD_CHANGED(namespace, cgroup, PD_NAMESPACE_CGROUP)

/* Threads of the kernel are the host's, and in no table. */
PD_INLINE u8 task_origin(struct run *r, u64 p, u64 *out)
{
	struct pd_began *began = 0;

	*out = pd_origin((struct task_struct *) p, 0, 0);
	if (!*out && pd_began_of(p, &began) == PD_OK && began)
		*out = began->origin;
	return *out ? PD_OK : PD_UNREAD;
}

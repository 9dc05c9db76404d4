/* A cgroup that is made: where a scope names it, it is on the scope's list from its first process on.  The kernel has one of them
 * made at a time (cgroup_mutex). */
struct pd_made {
	char path[256];
	char key[256];
};

PD_INLINE void pd_enter_cgroup(void *list, u64 id, u32 level, u32 policy)
{
	u64 key = PD_LEVELS;
	u64 *levels;
	u64 in = 1;

	if (!list)
		return;
	levels = pd_map_lookup(list, &key);
	if (!levels)
		return;
	if (pd_map_update(list, &id, &in, 0))
		pd_account(MAP(account), policy, /*{ program.account.map_full }*/);
	else
		*levels |= 1ULL << level;
}

PD_INLINE void pd_internal(struct run *r)
{
	u64 cgroup = PD_CONTEXT(u64, r->ctx, 0);
	u64 path = PD_CONTEXT(u64, r->ctx, 8);
	struct pd_made *made = pd_row(MAP(made_work), 0);
	u64 root = PD_FOLLOW(struct cgroup, cgroup, root);
	u64 node = PD_FOLLOW(struct cgroup, cgroup, kn);
	int hierarchy = 1;
	u32 level = 0;
	u64 id = 0;
	long length;

	pd_read_kernel(&hierarchy, sizeof(hierarchy), PD_AT(struct cgroup_root, root, hierarchy_id));
	if (!made || hierarchy) /* the others are cgroup v1's */
		return;
	if (pd_read_kernel(&id, sizeof(id), PD_AT(struct kernfs_node, node, id)) ||
	    pd_read_kernel(&level, sizeof(level), PD_AT(struct cgroup, cgroup, level)) || level > PD_DEEPEST)
		return;
	length = pd_read_kernel_str(made->path, sizeof(made->path), (void *) path);
	if (length < 2 || length > 255) /* a scope's are shorter */
		return;
/*% for one in program.follows %*/
	if (pd_in_strings(/*{ one.paths }*/, made->key, 256, made->path, length - 1) == 1)
		pd_enter_cgroup(pd_row(/*{ one.cgroups }*/), id, level, /*{ one.policy_row }*/);
/*% endfor %*/
}

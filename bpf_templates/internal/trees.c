/* The processes of trees, by number.  The value says why a process is in one. */
#define PD_BY_PROGRAM 1
#define PD_BY_PID 2

PD_INLINE u64 pd_tree_get(void *tree, u64 pid)
{
	u64 *why = pd_map_lookup(tree, &pid);

	return why ? *why : 0;
}

PD_INLINE void pd_tree_set(void *tree, u64 pid, u64 why, u32 policy)
{
	if (!why)
		pd_map_delete(tree, &pid);
	else if (pd_map_update(tree, &pid, &why, 0))
		pd_account(MAP(account), policy, /*{ program.account.map_full }*/);
}

/* A child runs its parent's program; that its parent was named says nothing of it, unless children are followed. */
PD_INLINE void pd_trees_fork(u32 from, u32 pid)
{
	void *tree;

/*% for tree in program.trees %*/
	tree = pd_row(/*{ tree.processes }*/);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from)/*% if not tree.follow %*/ & PD_BY_PROGRAM/*% endif %*/, /*{ tree.policy_row }*/);
/*% endfor %*/
}

/* `key` is room for a program's path. */
PD_INLINE void pd_trees_exec(u32 pid, const struct pd_process *process, char *key)
{
	void *tree;
	u64 why;

/*% for tree in program.trees %*/
	tree = pd_row(/*{ tree.processes }*/);
	if (tree) {
		why = pd_tree_get(tree, pid);
/*% if not tree.follow %*/
		why &= ~PD_BY_PROGRAM;
/*% endif %*/
/*% if tree.binaries %*/
		if (pd_in_strings(/*{ tree.binaries }*/, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
/*% endif %*/
		pd_tree_set(tree, pid, why, /*{ tree.policy_row }*/);
	}
/*% endfor %*/
}

PD_INLINE void pd_trees_exit(u32 pid)
{
	void *tree;

/*% for tree in program.trees %*/
	tree = pd_row(/*{ tree.processes }*/);
	if (tree)
		pd_tree_set(tree, pid, 0, /*{ tree.policy_row }*/);
/*% endfor %*/
}

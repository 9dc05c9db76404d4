/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = /*{ program.calls.frame }*/;
	key->place = /*{ program.calls.place }*/;
}

/*% if program.calls.begins %*/
/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}
/*% else %*/
/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}
/*% endif %*/

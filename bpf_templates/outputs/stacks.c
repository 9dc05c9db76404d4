/* The entry of this event's stack, or NULL if there is no room.  With the first one that of what is lost is made. */
PD_INLINE u64 *stack_entry_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, void *map, struct key_/*{ effects.index }*/_/*{ output.index }*/ *key)
{
	void *blank = pd_row(MAP(zeros), 0);
	u64 *entry;

	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
/*% for column in output.columns %*/
/*% include column.template %*/
/*% endfor %*/
	entry = pd_map_lookup(map, key);
	if (entry || !blank)
		return entry;
	entry = pd_entry(map, key, blank);
	pd_read_kernel(key, sizeof(*key), 0);
	/*{ output.marked }*/ = PD_STACK_LOST;
	pd_map_update(map, key, blank, 1 /* BPF_NOEXIST */);
	return entry;
}

PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(/*{ output.map }*/), /*{ output.map_row }*/);
	struct key_/*{ effects.index }*/_/*{ output.index }*/ *key = (void *) r->s->key;
	u64 *slots;

	if (!map)
		return;
/*% for index in output.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (!/*{ output.present }*/) {
		PD_ADD(&counts[/*{ output.account.key_absent }*/], 1);
		return;
	}
/*% for stat in output.stats %*/
/*% if stat.refuses_negative %*/
	if ((s64) /*{ stat.value }*/ < 0) {
		PD_ADD(&counts[/*{ output.account.negative }*/], 1);
		return;
	}
/*% endif %*/
	slots = stack_entry_/*{ effects.index }*/_/*{ output.index }*/(r, map, key);
	if (!slots) {
		PD_ADD(&counts[/*{ output.account.map_full }*/], 1);
		slots = pd_map_lookup(map, key); /* the key is that of what is lost */
		if (slots)
			PD_ADD(&slots[0], 1);
		return;
	}
/*% include stat.template %*/
/*% endfor %*/
}

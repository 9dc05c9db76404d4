/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
/*% if output.columns %*/
	struct key_/*{ effects.index }*/_/*{ output.index }*/ *key = (void *) r->s->key;
	u64 *entry;
/*% else %*/
	u64 *entry;
/*% endif %*/

/*% for index in output.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (!/*{ output.present }*/) {
		PD_ADD(&counts[/*{ output.account.key_absent }*/], 1);
		return 0;
	}
/*% if output.columns %*/
/*% if output.stacked %*/
	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
/*% else %*/
	__builtin_memset(key, 0, sizeof(*key));
/*% endif %*/
/*% for column in output.columns %*/
/*% include column.template %*/
/*% endfor %*/
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
/*% else %*/
	entry = pd_row(map, 0);
/*% endif %*/
	if (!entry)
		PD_ADD(&counts[/*{ output.account.map_full }*/], 1);
	return entry;
}

PD_INLINE u64 *slots_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(/*{ output.map }*/), /*{ output.map_row }*/);

	return map ? entry_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts, map) : 0;
}

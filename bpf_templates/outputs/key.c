/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_/*{ output.index }*/(struct run *r, void *map)
{
/*% if output.columns %*/
	struct key_/*{ output.index }*/ *key = (void *) r->s->key;
	u64 *entry;
/*% else %*/
	u64 *entry;
/*% endif %*/

/*% for index in output.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (!/*{ output.present }*/) {
		pd_account(MAP(account), /*{ output.policy_row }*/, /*{ output.account.key_absent }*/);
		return 0;
	}
/*% if output.columns %*/
	__builtin_memset(key, 0, sizeof(*key));
/*% for column in output.columns %*/
/*% include column.template %*/
/*% endfor %*/
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
/*% else %*/
	entry = pd_row(map, 0);
/*% endif %*/
	if (!entry)
		pd_account(MAP(account), /*{ output.policy_row }*/, /*{ output.account.map_full }*/);
	return entry;
}

PD_INLINE u64 *slots_/*{ output.index }*/(struct run *r)
{
	void *map = pd_row(MAP(/*{ output.map }*/), /*{ output.map_row }*/);

	return map ? entry_/*{ output.index }*/(r, map) : 0;
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_/*{ write.index }*/(struct run *r)
{
	if (!r->s->writes[/*{ write.rule }*/])
		return;
/*% for index in write.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
}

/* /*{ write.comment }*/ */
PD_INLINE void write_/*{ write.index }*/(struct run *r)
{
	struct /*{ write.key }*/ *key = (void *) r->s->key;
/*% if not write.unset %*/
	struct /*{ write.row }*/ *row = (void *) r->s->row;
	void *old;
	long failed;
/*% endif %*/
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[/*{ write.rule }*/])
		return;
	settings = pd_row(MAP(config), /*{ write.policy }*/);
	counts = pd_row(MAP(account), /*{ write.policy }*/);
	map = pd_row(MAP(/*{ write.map }*/), /*{ write.map_row }*/);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!/*{ write.present }*/) {
		PD_ADD(&counts[/*{ write.account.table_absent }*/], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
/*% for column in write.key_columns %*/
/*% include column.template %*/
/*% endfor %*/
/*% if write.unset and write.span %*/
	if (pd_map_delete(map, key) || !/*{ write.span.paired }*/)
		PD_ADD(&counts[/*{ write.account.unpaired }*/], 1);
	else if (/*{ write.span.negative }*/)
		PD_ADD(&counts[/*{ write.account.negative }*/], 1);
}
/*% elif write.unset %*/
	pd_map_delete(map, key);
}
/*% else %*/
/*% if write.if_absent or not write.whole %*/
	old = pd_map_lookup(map, key);
/*% else %*/
	old = 0;
/*% endif %*/
/*% if write.if_absent %*/
	if (old)
		return;
/*% endif %*/
/*% if write.long %*/
	pd_read_kernel(row, sizeof(*row), old); /* with nothing there it clears the row */
/*% else %*/
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
/*% endif %*/
/*% for column in write.columns %*/
/*% include column.template %*/
/*% endfor %*/
/*% if write.span %*/
/*% for kept in write.span.kept %*/
/*% set column = kept.column %*/
	if (/*{ kept.there }*/) {
/*% include column.template %*/
		/*{ write.span.bits }*/ |= /*{ kept.bit }*/;
	}
/*% endfor %*/
/*% endif %*/
/*% if write.if_absent %*/
	failed = pd_map_update(map, key, row, 1 /* BPF_NOEXIST */);
	if (failed && failed != -17 /* EEXIST: another CPU was first */)
		PD_ADD(&counts[/*{ write.account.table_full }*/], 1);
/*% else %*/
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[/*{ write.account.table_full }*/], 1);
/*% endif %*/
}
/*% endif %*/

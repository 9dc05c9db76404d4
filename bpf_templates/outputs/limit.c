PD_INLINE int limit_/*{ effects.index }*/_/*{ output.index }*/_/*{ limit.index }*/(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(/*{ limit.map }*/), /*{ limit.map_row }*/);
	struct pd_scalar *rate = pd_row(MAP(scalars), /*{ limit.scalar_row }*/);
/*% if limit.columns %*/
	struct rate_/*{ effects.index }*/_/*{ output.index }*/_/*{ limit.index }*/ *key = (void *) r->s->key;
/*% endif %*/

	if (!map)
		return /*{ limit.without_map }*/;
/*% for index in limit.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% if limit.columns %*/
	__builtin_memset(key, 0, sizeof(*key));
/*% for one in limit.columns %*/
/*% set column = one.column %*/
	if (/*{ one.there }*/) { /* what is not there is a key of its own */
/*% include column.template %*/
	}
/*% endfor %*/
	return /*{ limit.spend }*/(pd_entry(map, key, pd_row(MAP(zeros), 0)), rate/*{ limit.weight }*/);
/*% else %*/
	return /*{ limit.spend }*/(pd_row(map, 0), rate/*{ limit.weight }*/);
/*% endif %*/
}


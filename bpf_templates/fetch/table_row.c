	struct /*{ value.struct }*/ *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(/*{ value.map }*/), /*{ value.map_row }*/);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
/*% for column in value.columns %*/
/*% include column.template %*/
/*% endfor %*/
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(/*{ value.to }*/, /*{ value.size }*/, row) ? PD_UNREAD : PD_OK;

	if (/*{ column.state }*/ == PD_OK)
		pd_put_string(/*{ column.to }*/, sizeof(/*{ column.to }*/), /*{ column.value }*/, /*{ column.length }*/);
	else
		__builtin_memset(/*{ column.to }*/, 0, sizeof(/*{ column.to }*/));
	pd_mark(&absent, &unread, /*{ column.state }*/, /*{ column.index }*/);

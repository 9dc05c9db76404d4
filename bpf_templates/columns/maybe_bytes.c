	if (/*{ column.state }*/ == PD_OK)
		__builtin_memcpy(&/*{ column.to }*/, &/*{ column.value }*/, sizeof(/*{ column.to }*/));
	else
		__builtin_memset(&/*{ column.to }*/, 0, sizeof(/*{ column.to }*/));
	pd_mark(&absent, &unread, /*{ column.state }*/, /*{ column.index }*/);

	/*{ column.to }*/ = /*{ column.state }*/ == PD_OK ? /*{ column.value }*/ : 0;
	pd_mark(&absent, &unread, /*{ column.state }*/, /*{ column.index }*/);

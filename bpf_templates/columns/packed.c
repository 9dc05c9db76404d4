	if (/*{ column.state }*/ == PD_OK) {
		at = pd_append(e, at, /*{ column.limit }*/, &/*{ column.to }*/, /*{ column.value }*/, /*{ column.length }*/, /*{ column.cut }*/, /*{ column.capacity }*/);
		if (!at)
			return;
	} else {
		/*{ column.to }*/.offset = 0;
		/*{ column.to }*/.length = 0;
	}
	pd_mark(&absent, &unread, /*{ column.state }*/, /*{ column.index }*/);

/*% include "fetch/follow.c" %*/
	u64 found = 0; /* a bit field: the bytes that hold it, then its bits */

	if (/*{ value.read }*/(&found, /*{ value.size }*/, (char *) p + /*{ value.byte }*/))
		return PD_UNREAD;
	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

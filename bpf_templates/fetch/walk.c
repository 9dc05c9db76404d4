/*% include "fetch/follow.c" %*/
	/*{ value.c_type }*/ found = 0;

	if (/*{ value.read }*/(&found, sizeof(found), PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/)))
		return PD_UNREAD;
	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

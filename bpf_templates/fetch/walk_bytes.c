/*% include "fetch/follow.c" %*/
	return pd_read_kernel(/*{ value.pointer }*/, /*{ value.size }*/, PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/)) ? PD_UNREAD : PD_OK;

/*% include "fetch/user_pointer.c" %*/
	if (!p)
		return PD_ABSENT;
	return pd_read_user(/*{ value.pointer }*/, /*{ value.size }*/, (void *) p) ? PD_UNREAD : PD_OK;

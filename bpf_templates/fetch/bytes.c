	return pd_read_kernel(/*{ value.pointer }*/, /*{ value.size }*/, (void *) (/*{ value.address }*/)) ? PD_UNREAD : PD_OK;

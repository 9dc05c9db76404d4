	return pd_read_kernel(/*{ value.to }*/, /*{ value.size }*/, (void *) (/*{ value.address }*/)) ? PD_UNREAD : PD_OK;

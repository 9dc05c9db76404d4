	u32 address = 0;

	if (pd_read_kernel(&address, sizeof(address), (void *) (/*{ value.address }*/)))
		return PD_UNREAD;
	pd_ip4(/*{ value.pointer }*/, address);
	return PD_OK;

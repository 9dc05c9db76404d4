	u64 p = /*{ value.base }*/;

/*% if value.address %*/
	if (pd_read_user(&p, sizeof(p), (void *) (/*{ value.address }*/)))
		return PD_UNREAD;
/*% endif %*/

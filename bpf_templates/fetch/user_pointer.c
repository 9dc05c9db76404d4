	u64 p = /*{ value.base }*/;

/*% if value.number %*/
	if (!p)
		return PD_ABSENT;
/*% endif %*/
/*% if value.address %*/
	if (pd_read_user(&p, sizeof(p), (void *) (/*{ value.address }*/)))
		return PD_UNREAD;
/*% endif %*/

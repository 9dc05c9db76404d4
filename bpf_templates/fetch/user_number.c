	/*{ value.c_type }*/ found = 0;

/*% if value.base %*/
	if (!/*{ value.base }*/)
		return PD_ABSENT;
/*% endif %*/
	if (pd_read_user(&found, sizeof(found), (void *) (/*{ value.address }*/)))
		return PD_UNREAD;
	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

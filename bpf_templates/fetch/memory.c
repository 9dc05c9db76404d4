	u64 p = /*{ value.base }*/;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return /*{ value.read }*/(/*{ value.pointer }*/, /*{ value.size }*/, (void *) p) ? PD_UNREAD : PD_OK;

	u64 p = /*{ value.base }*/;

/*% for step in value.steps %*/
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(/*{ step.container }*/, p, /*{ step.member }*/)))
		return PD_UNREAD;
/*% endfor %*/
	if (pd_no_pointer(p))
		return PD_ABSENT;

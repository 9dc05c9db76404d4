	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	/*{ value.to }*/ = pd_boot_time() - call->time;
	return PD_OK;

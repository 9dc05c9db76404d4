	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	/*{ value.to }*/ = /*{ value.base }*/;
	return /*{ value.state }*/;

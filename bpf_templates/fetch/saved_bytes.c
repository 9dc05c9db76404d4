	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	__builtin_memcpy(&/*{ value.to }*/, &/*{ value.base }*/, sizeof(/*{ value.to }*/));
	return /*{ value.state }*/;

	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	if (/*{ value.state }*/ == PD_OK)
		pd_copy_string(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut,
			       /*{ value.base }*/.data, /*{ value.base }*/.length, /*{ value.base }*/.cut);
	return /*{ value.state }*/;

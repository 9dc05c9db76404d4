	u64 p = /*{ value.base }*/;

	if (pd_no_pointer(p) || /*{ value.refused }*/)
		return PD_ABSENT;
	return /*{ value.reader }*/(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut, p, /*{ value.number }*/);

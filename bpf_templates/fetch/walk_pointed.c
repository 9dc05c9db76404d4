/*% include "fetch/follow.c" %*/
	if (/*{ value.read }*/(&p, sizeof(p), PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return /*{ value.reader }*/(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut, p);

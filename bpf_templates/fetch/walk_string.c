/*% include "fetch/follow.c" %*/
	return /*{ value.reader }*/(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut,
			       (u64) PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/));

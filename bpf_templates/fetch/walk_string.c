/*% include "fetch/follow.c" %*/
	return pd_string_array(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut,
			       (u64) PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/));

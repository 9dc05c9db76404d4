/*% include "fetch/follow.c" %*/
	return /*{ value.accessor }*/(r, p, /*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut);

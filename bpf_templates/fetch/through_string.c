/*% include "fetch/arrive.c" %*/
	return /*{ value.accessor }*/(r, p, /*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut);

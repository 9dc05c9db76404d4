/*% include "fetch/user_pointer.c" %*/
	return /*{ value.reader }*/(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut, p);

/*% include "fetch/follow.c" %*/
	return /*{ value.accessor }*/(r, p, /*{ value.pointer }*/);

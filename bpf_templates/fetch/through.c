/*% include "fetch/arrive.c" %*/
	return /*{ value.accessor }*/(r, p, /*{ value.pointer }*/);

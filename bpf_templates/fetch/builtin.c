	return /*{ value.accessor }*/(r, /*{ value.pointer }*/);

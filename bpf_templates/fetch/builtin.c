	return /*{ value.accessor }*/(r, /*{ value.to }*/);

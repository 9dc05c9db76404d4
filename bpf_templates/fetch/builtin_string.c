	return /*{ value.accessor }*/(r, /*{ value.to }*/.data, &/*{ value.to }*/.length, &/*{ value.to }*/.cut);

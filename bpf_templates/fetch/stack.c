	return /*{ value.accessor }*/(r->ctx, /*{ value.to }*/.data, /*{ value.size }*/, /*{ value.number }*/, /*{ value.byte }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut);

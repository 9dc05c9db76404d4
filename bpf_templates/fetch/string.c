	return /*{ value.reader }*/(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut, /*{ value.address }*/);

	if (/*{ value.state }*/ == PD_OK)
		pd_copy_string(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut,
			       /*{ value.value }*/, /*{ value.length }*/, /*{ value.cut }*/);

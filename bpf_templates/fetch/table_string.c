/*% if value.there %*/
	if (!(/*{ value.there }*/))
		return PD_ABSENT;
/*% endif %*/
	return pd_string_array(/*{ value.to }*/.data, /*{ value.size }*/, &/*{ value.to }*/.length, &/*{ value.to }*/.cut, (u64) (/*{ value.address }*/));

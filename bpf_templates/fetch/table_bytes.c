/*% if value.there %*/
	if (!(/*{ value.there }*/))
		return PD_ABSENT;
/*% endif %*/
	__builtin_memcpy(/*{ value.pointer }*/, /*{ value.address }*/, /*{ value.size }*/);
	return PD_OK;

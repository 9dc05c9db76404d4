	__builtin_memcpy(/*{ value.pointer }*/, /*{ value.address }*/, /*{ value.size }*/);
	return PD_OK;

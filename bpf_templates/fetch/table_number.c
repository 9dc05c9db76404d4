	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

/*% if value.there %*/
	if (!(/*{ value.there }*/))
		return PD_ABSENT;
/*% endif %*/
	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

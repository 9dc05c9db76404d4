	/*{ value.to }*/ = /*{ value.base }*/;
	return pd_no_pointer(/*{ value.to }*/) ? PD_ABSENT : PD_OK;

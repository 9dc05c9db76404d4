/*% include "fetch/table_there.c" %*/
	/*{ value.to }*/ = /*{ value.number }*/;
	return PD_OK;

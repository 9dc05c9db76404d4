/*% for statement in value.statements %*/
	/*{ statement }*/;
/*% endfor %*/
	return PD_OK;

/*% for index in value.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (/*{ value.state }*/ != PD_OK)
		return /*{ value.state }*/;

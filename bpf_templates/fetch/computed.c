/*% for need in value.needs %*/
	need_/*{ need }*/(r);
/*% endfor %*/
	/*{ value.to }*/ = /*{ value.number }*/;
	return /*{ value.state }*/;

/*% for part in value.parts %*/
/*% for need in part.needs %*/
	need_/*{ need }*/(r);
/*% endfor %*/
/*% if part.uncertain %*/
	if (/*{ part.state }*/ != PD_OK)
		return /*{ part.state }*/;
/*% endif %*/
/*% endfor %*/

	u8 state = PD_OK;

	/*{ value.to }*/ = /*{ value.number }*/; /* once one operand decides, the others are of no matter */
/*% for branch in value.branches %*/
/*% for need in branch.needs %*/
	need_/*{ need }*/(r);
/*% endfor %*/
/*% if branch.uncertain %*/
	if (/*{ branch.state }*/ == PD_UNREAD)
		state = PD_UNREAD;
	else if (/*{ branch.test }*/)
		return PD_OK;
/*% else %*/
	if (/*{ branch.test }*/)
		return PD_OK;
/*% endif %*/
/*% endfor %*/
	/*{ value.to }*/ = !/*{ value.number }*/;
	return state;

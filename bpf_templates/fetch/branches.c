/*% for branch in value.branches %*/
/*% for need in branch.needs %*/
	need_/*{ need }*/(r);
/*% endfor %*/
/*% if branch.test %*/
	if (/*{ branch.test }*/) {
/*% else %*/
	{
/*% endif %*/
/*% for need in branch.later %*/
		need_/*{ need }*/(r);
/*% endfor %*/
/*% if branch.uncertain %*/
		if (/*{ branch.state }*/ != PD_OK)
			return /*{ branch.state }*/;
/*% endif %*/
/*% for statement in branch.copies %*/
		/*{ statement }*/;
/*% endfor %*/
		return PD_OK;
	}
/*% endfor %*/

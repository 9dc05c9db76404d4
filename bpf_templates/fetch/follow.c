	u64 p = /*{ value.base }*/;

/*% for step in value.steps %*/
	if (pd_no_pointer(p))
		return PD_ABSENT;
/*% if step.back %*/
	p -= (u64) PD_AT(/*{ step.container }*/, 0, /*{ step.member }*/);
/*% elif step.inside %*/
	p = (u64) PD_AT(/*{ step.container }*/, p, /*{ step.member }*/);
/*% else %*/
	if (/*{ value.read }*/(&p, sizeof(p), PD_AT(/*{ step.container }*/, p, /*{ step.member }*/)))
		return PD_UNREAD;
/*% endif %*/
/*% endfor %*/
	if (pd_no_pointer(p))
		return PD_ABSENT;

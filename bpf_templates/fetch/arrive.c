/*% include "fetch/follow.c" %*/
/*% if value.last %*/
	p = (u64) PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/);
/*% endif %*/

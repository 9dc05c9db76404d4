/*% include "fetch/follow.c" %*/
	return /*{ value.read }*/(/*{ value.pointer }*/, /*{ value.size }*/, PD_AT(/*{ value.last.container }*/, p, /*{ value.last.member }*/)) ? PD_UNREAD : PD_OK;

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

/*% if program.calls.condition %*/
	if (!/*{ program.calls.condition }*/)
		return;
/*% endif %*/
/*% for value in program.calls.kept %*/
/*% for index in value.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% endfor %*/
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
/*% for value in program.calls.kept %*/
	/*{ value.kept }*/ = /*{ value.state }*/;
/*% include value.template %*/
/*% endfor %*/
}

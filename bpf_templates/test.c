/*% if test.line %*/
#line /*{ test.line }*/ /*{ test.file }*/
/*% endif %*/
/* /*{ test.comment }*/ */
PD_INLINE int test_/*{ test.index }*/(struct run *r, int unread)
{
/*% for late in test.lates %*/
	if (r->s->/*{ late }*/ != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
/*% endfor %*/
/*% for index in test.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% if test.can_be_unread %*/
	if (/*{ test.state }*/ == PD_UNREAD)
		return unread;
/*% endif %*/
/*% if test.can_be_absent %*/
	if (/*{ test.state }*/ != PD_OK)
		return /*{ test.when_absent }*/;
/*% endif %*/
/*% for flag in test.searches %*/
	if (r->s->/*{ flag }*/ != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the search */
/*% endfor %*/
/*% if test.is_list %*/
	int found = /*{ test.expression }*/;

	return found == PD_EMPTY ? /*{ test.when_empty }*/ : /*{ test.result }*/;
/*% elif test.is_scalar %*/
	struct pd_scalar *scalar = pd_row(MAP(scalars), /*{ test.scalar_row }*/);

	if (!scalar || !scalar->set)
		return /*{ test.when_empty }*/;
	return /*{ test.result }*/;
/*% else %*/
	return /*{ test.result }*/;
/*% endif %*/
}
/*% if test.line %*/
#line here
/*% endif %*/

/* /*{ late.comment }*/: dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void /*{ late.name }*/(struct run *r)
{
	if (r->s->/*{ late.name }*/ != PD_WANTED)
		return;
	need_/*{ late.index }*/(r);
	r->s->/*{ late.name }*/ = PD_SEARCHED;
}

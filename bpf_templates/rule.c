/*% if rule.line %*/
#line /*{ rule.line }*/ /*{ rule.file }*/
/*% endif %*/
/* /*{ rule.comment }*/ */
/*% if rule.searches %*/
PD_INLINE void seek_/*{ rule.index }*/(struct run *r)
{
	PD_BARRIER();
	r->s->sought[/*{ rule.index }*/] = 0;
/*% if rule.in_scope %*/
	if (!/*{ rule.in_scope }*/)
		return;
/*% endif %*/
	if (!/*{ rule.condition }*/) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[/*{ rule.index }*/] = 1;
/*% for flag in rule.searches %*/
	if (!r->s->/*{ flag }*/)
		r->s->/*{ flag }*/ = PD_WANTED;
/*% endfor %*/
}

/*% endif %*/
PD_INLINE void match_/*{ rule.index }*/(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
/*% if rule.writes %*/
	r->s->writes[/*{ rule.writes }*/] = 0;
/*% endif %*/
/*% if rule.searches %*/
	if (!r->s->sought[/*{ rule.index }*/])
		return;
/*% elif rule.in_scope %*/
	if (!/*{ rule.in_scope }*/)
		return;
/*% endif %*/
	if (!/*{ rule.condition }*/)
		return;
/*% if rule.can_be_unread %*/
	if (/*{ rule.some_unread }*/ && !/*{ rule.condition_for_sure }*/)
		flags = PD_FLAG_UNREAD;
/*% endif %*/
	r->s->queue_/*{ rule.effects }*/[r->s->queued_/*{ rule.effects }*/++ & /*{ rule.mask }*/] = /*{ rule.index }*/ | flags << 16;
/*% if rule.writes %*/
	if (!flags)
		r->s->writing = r->s->writes[/*{ rule.writes }*/] = 1;
/*% endif %*/
}
/*% if rule.line %*/
#line here
/*% endif %*/

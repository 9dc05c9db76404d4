/*% if rule.line %*/
#line /*{ rule.line }*/ /*{ rule.file }*/
/*% endif %*/
/* /*{ rule.comment }*/ */
PD_INLINE void match_/*{ rule.index }*/(struct run *r)
{
	u32 flags = 0;

	if (!/*{ rule.condition }*/)
		return;
/*% if rule.can_be_unread %*/
	if (/*{ rule.some_unread }*/ && !/*{ rule.condition_for_sure }*/)
		flags = PD_FLAG_UNREAD;
/*% endif %*/
	r->s->queue_/*{ rule.effects }*/[r->s->queued_/*{ rule.effects }*/++ & /*{ rule.mask }*/] = /*{ rule.index }*/ | flags << 16;
}
/*% if rule.line %*/
#line here
/*% endif %*/

/* Functions that take another's word for their result: any number but 0, with which they run; 0 is also the neutral verdict. */
PD_INLINE s64 pd_finish(struct run *r)
{
	if (r->s->verdict == PD_VERDICT_DROP)
		return -(s64) r->s->number;
	return r->s->verdict == PD_VERDICT_RETURN ? (s64) (s32) r->s->number : 0;
}

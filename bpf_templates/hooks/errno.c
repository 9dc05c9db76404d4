/* LSM hooks and functions that take another's word for their result: 0 goes on, also the neutral verdict. */
PD_INLINE int pd_finish(struct run *r)
{
	return r->s->verdict == PD_VERDICT_DROP ? -(int) r->s->number : 0;
}

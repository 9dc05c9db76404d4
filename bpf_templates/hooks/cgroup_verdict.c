#ifdef PD_ONLY_TOLD
/* What has happened is told: the kernel takes no other answer, and the verifier wants to see that it is this one. */
PD_INLINE int pd_finish(struct run *r)
{
	return 1;
}
#else
PD_INLINE int pd_finish(struct run *r)
{
#ifdef PD_BEFORE_END
	PD_BEFORE_END(r);
#endif
	if (r->s->verdict != PD_VERDICT_DROP)
		return 1; /* go on, also the neutral verdict */
	if (r->s->number != 1)
		pd_set_retval(-(int) r->s->number); /* any errno but EPERM, which is what returning 0 means */
	return 0;
}
#endif

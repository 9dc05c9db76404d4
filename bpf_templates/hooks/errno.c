/* LSM hooks: 0 goes on, also the neutral verdict.  The verifier wants to see that the result is 0 or an errno: it follows a
 * subtraction, which the compiler must not turn into something else. */
PD_INLINE s64 pd_finish(struct run *r)
{
	s64 result = 0;
	u64 number = r->s->number & 0xfff;

	if (r->s->verdict != PD_VERDICT_DROP)
		return 0;
	PD_OPAQUE(result);
	return result - (s64) number;
}

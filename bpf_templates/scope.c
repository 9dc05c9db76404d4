/* /*{ scope.comment }*/ */
PD_INLINE u8 scope_/*{ scope.index }*/(struct run *r)
{
	return /*{ scope.condition }*/ != 0;
}

PD_INLINE u32 bucket_/*{ effects.index }*/_/*{ output.index }*/_/*{ stat.index }*/(struct run *r)
{
	u64 value = /*{ stat.value }*/;
/*% if stat.log2 %*/
	u32 bits = pd_bits(value);

	return bits > /*{ stat.start }*/ ? bits - /*{ stat.start }*/ : 0;
/*% elif stat.linear %*/

	if (/*{ stat.below }*/)
		return 0;
	if (/*{ stat.beyond }*/) /* here too, so that no large number is cut to 32 bits */
		return /*{ stat.last }*/;
	return (value - /*{ stat.start }*/ - 1) / /*{ stat.step }*/ + 1;
/*% else %*/
	u32 index = 0;

/*% for above in stat.above %*/
	index += /*{ above }*/;
/*% endfor %*/
	return index;
/*% endif %*/
}


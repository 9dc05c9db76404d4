/* /*{ machine.comment }*/: one pass over the string, whatever the number of patterns, if a rule wants it. */
PD_INLINE void search_/*{ machine.index }*/(struct run *r)
{
	struct automaton_/*{ machine.index }*/ *a;
	u64 *found = r->s->found_/*{ machine.index }*/;
	const char *data;
	u32 row = /*{ machine.start }*/;
	u32 length;

	if (r->s->search_/*{ machine.index }*/ != PD_WANTED)
		return;
/*% for index in machine.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (/*{ machine.state }*/ != PD_OK)
		return;
	r->s->search_/*{ machine.index }*/ = PD_SEARCHED;
/*% for word in machine.words %*/
	found[/*{ word }*/] = 0;
/*% endfor %*/
	a = pd_row(MAP(/*{ machine.map }*/), 0);
	if (!a)
		return;
	data = /*{ machine.data }*/;
	length = /*{ machine.length }*/;
	for (u32 i = 0; i < /*{ machine.blocks }*/; i++) {
		if (i * 8 > length) /* the NUL is read too: it ends the string for the machine */
			break;
#pragma unroll
		for (u32 j = 0; j < 8; j++) {
			row = a->table[(row & /*{ machine.row_mask }*/) + a->classes[(u8) data[i * 8 + j]]];
/*% for word in machine.words %*/
			found[/*{ word }*/] |= a->matches[(row >> /*{ machine.shift }*/ & /*{ machine.state_mask }*/) * /*{ machine.width }*/ + /*{ word }*/];
/*% endfor %*/
		}
	}
}

	index = bucket_/*{ effects.index }*/_/*{ output.index }*/_/*{ stat.index }*/(r);
	if (index > /*{ stat.last }*/)
		index = /*{ stat.last }*/;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > /*{ stat.last }*/)
		return;
	PD_ADD(&slots[/*{ stat.at }*/], 1);
	PD_ADD(&slots[/*{ stat.next }*/], /*{ stat.value }*/);
	PD_ADD(&slots[/*{ stat.first }*/ + index], 1);

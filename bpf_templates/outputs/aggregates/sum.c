	PD_ADD(&slots[/*{ stat.at }*/], 1);
	PD_ADD(&slots[/*{ stat.next }*/], (u64) /*{ stat.value }*/);

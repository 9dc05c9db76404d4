/*% if stat.beside %*/
	if (!slots[/*{ stat.at }*/] || /*{ stat.beats }*/) {
		slots[/*{ stat.next }*/] = /*{ stat.value }*/;
		slots[/*{ stat.bits }*/] = 0;
/*% for beside in stat.beside %*/
/*% include "outputs/beside.c" %*/
/*% endfor %*/
	}
/*% else %*/
	if (!slots[/*{ stat.at }*/] || /*{ stat.beats }*/)
		slots[/*{ stat.next }*/] = /*{ stat.value }*/;
/*% endif %*/
	PD_ADD(&slots[/*{ stat.at }*/], 1);

/*% set column = beside.column %*/
	if (/*{ beside.there }*/) {
/*% include column.template %*/
		slots[/*{ stat.bits }*/] |= /*{ beside.bit }*/;
	}

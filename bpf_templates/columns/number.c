	/*{ column.to }*/ = /*{ column.value }*/;

	/*{ value.to }*/ = /*{ value.value }*/;

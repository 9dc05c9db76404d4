	pd_put_stack(/*{ column.to }*/, sizeof(/*{ column.to }*/), /*{ column.value }*/, /*{ column.length }*/);

	pd_put_string(/*{ column.to }*/, sizeof(/*{ column.to }*/), /*{ column.value }*/, /*{ column.length }*/);

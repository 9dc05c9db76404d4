	__builtin_memcpy(&/*{ column.to }*/, &/*{ column.value }*/, sizeof(/*{ column.to }*/));

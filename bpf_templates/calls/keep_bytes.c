	__builtin_memcpy(&/*{ value.to }*/, &/*{ value.value }*/, sizeof(/*{ value.to }*/));

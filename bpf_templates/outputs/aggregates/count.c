	PD_ADD(&slots[/*{ stat.at }*/], 1);

	slots[/*{ stat.at }*/] = /*{ stat.value }*/;

	slots[/*{ stat.at }*/] = pd_boot_time();
	slots[/*{ stat.next }*/] = /*{ stat.value }*/;

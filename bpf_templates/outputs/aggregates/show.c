	slots[/*{ stat.at }*/] = pd_boot_time();
/*% for beside in stat.beside %*/
/*% include "outputs/beside.c" %*/
/*% endfor %*/

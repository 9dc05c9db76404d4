/* The room that a search of one text in another takes; a needle is shorter than this. */
#define PD_NEEDLE 256

struct pd_search {
	u32 kept[2];
	u16 falls[PD_NEEDLE];
};

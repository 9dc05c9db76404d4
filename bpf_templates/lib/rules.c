/* The numbers of a rule: what its effects need beside code. */
struct pd_rule {
	u32 policy; /* row in config, account and rings */
	u16 rule;
	u16 hook;
	u16 taken; /* what an event says of the verdict: in enforce mode */
	u16 held; /* ... and in monitor mode */
	u16 level;
	u16 last; /* whether no later rule of the unit is of this policy */
	u32 number;
	u32 signal;
	u32 maps[PD_MOST_MAPS]; /* rows: of the metrics' maps in their classes, of what holds events back */
};

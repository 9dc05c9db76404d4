/* The linear part of a packet's buffer, from its IP header on. */
struct pd_linear {
	u64 start;
	u64 length;
};

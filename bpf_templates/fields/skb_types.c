#define PD_LENGTH_COMES_LATE /* a buffer can be seen before its headers are written */

/* The linear part of a packet's buffer, from its IP header on. */
struct pd_linear {
	u64 start;
	u64 length;
};

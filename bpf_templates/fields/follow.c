/* A pointer that is a member of a kernel's structure; 0 if it cannot be read. */
PD_INLINE u64 pd_follow(u64 member)
{
	u64 pointer = 0;

	pd_read_kernel(&pointer, sizeof(pointer), (void *) member);
	return pointer;
}

#define PD_FOLLOW(type, pointer, member) pd_follow((u64) PD_AT(type, pointer, member))

/* Socket addresses that system calls hand in: struct sockaddr_in, _in6 and _un by their UAPI layout.
 *
 * `mine`: the pointer came from the process that calls, so only its own memory is read; else the kernel may have copied
 * the address, and it is read where it is. */
PD_INLINE long pd_read_address(void *to, u32 size, u64 from, const u32 mine)
{
	return mine ? pd_read_user(to, size, (void *) from) : pd_read_either(to, size, (void *) from);
}

PD_INLINE u8 pd_address_family(u64 address, const u32 mine, u64 *out)
{
	u16 family = 0;

	if (pd_read_address(&family, sizeof(family), address, mine))
		return PD_UNREAD;
	*out = family;
	return PD_OK;
}

PD_INLINE u8 pd_address_port(u64 address, const u32 mine, u64 *out)
{
	u16 port = 0;
	u64 family;

	if (pd_address_family(address, mine, &family) != PD_OK)
		return PD_UNREAD;
	if (family != 2 && family != 10)
		return PD_ABSENT;
	if (pd_read_address(&port, sizeof(port), address + 2, mine))
		return PD_UNREAD;
	*out = __builtin_bswap16(port);
	return PD_OK;
}

PD_INLINE u8 pd_address_ip(u64 address, const u32 mine, struct pd_address *out)
{
	u32 ip4 = 0;
	u64 family;

	if (pd_address_family(address, mine, &family) != PD_OK)
		return PD_UNREAD;
	if (family == 10)
		return pd_read_address(out, sizeof(*out), address + 8, mine) ? PD_UNREAD : PD_OK;
	if (family != 2)
		return PD_ABSENT;
	if (pd_read_address(&ip4, sizeof(ip4), address + 4, mine))
		return PD_UNREAD;
	pd_ip4(out, ip4);
	return PD_OK;
}

/* A Unix socket's path of up to 108 bytes.  A name in the abstract namespace, after a NUL, has no end that the address tells. */
PD_INLINE u8 pd_address_path(u64 address, const u32 mine, char *data, u32 *length, u32 *cut)
{
	u64 path = address + 2;
	char first = 0;
	u64 family;

	if (pd_address_family(address, mine, &family) != PD_OK)
		return PD_UNREAD;
	if (family != 1)
		return PD_ABSENT;
	if (pd_read_address(&first, 1, path, mine))
		return PD_UNREAD;
	if (!first)
		return PD_ABSENT;
	return mine ? pd_string_user(data, 109, length, cut, path) : pd_string_either(data, 109, length, cut, path);
}

#define PD_ADDRESS(name, mine)                                                                           \
	PD_INLINE u8 name##_family(struct run *r, u64 address, u64 *out)                                 \
	{                                                                                                \
		return pd_address_family(address, mine, out);                                            \
	}                                                                                                \
	PD_INLINE u8 name##_port(struct run *r, u64 address, u64 *out)                                   \
	{                                                                                                \
		return pd_address_port(address, mine, out);                                              \
	}                                                                                                \
	PD_INLINE u8 name##_ip(struct run *r, u64 address, struct pd_address *out)                       \
	{                                                                                                \
		return pd_address_ip(address, mine, out);                                                \
	}                                                                                                \
	PD_INLINE u8 name##_path(struct run *r, u64 address, char *data, u32 size, u32 *length, u32 *cut) \
	{                                                                                                \
		return pd_address_path(address, mine, data, length, cut);                                \
	}

PD_ADDRESS(address, 0)
PD_ADDRESS(user_address, 1)

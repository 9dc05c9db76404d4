/* Socket addresses in the memory of the process that calls: struct sockaddr_in, _in6 and _un by their UAPI layout. */
PD_INLINE u8 user_address_family(struct run *r, u64 address, u64 *out)
{
	u16 family = 0;

	if (pd_read_user(&family, sizeof(family), (void *) address))
		return PD_UNREAD;
	*out = family;
	return PD_OK;
}

PD_INLINE u8 user_address_port(struct run *r, u64 address, u64 *out)
{
	u16 port = 0;
	u64 family;

	if (user_address_family(r, address, &family) != PD_OK)
		return PD_UNREAD;
	if (family != 2 && family != 10)
		return PD_ABSENT;
	if (pd_read_user(&port, sizeof(port), (void *) (address + 2)))
		return PD_UNREAD;
	*out = __builtin_bswap16(port);
	return PD_OK;
}

PD_INLINE u8 user_address_ip(struct run *r, u64 address, struct pd_address *out)
{
	u32 ip4 = 0;
	u64 family;

	if (user_address_family(r, address, &family) != PD_OK)
		return PD_UNREAD;
	if (family == 10)
		return pd_read_user(out, sizeof(*out), (void *) (address + 8)) ? PD_UNREAD : PD_OK;
	if (family != 2)
		return PD_ABSENT;
	if (pd_read_user(&ip4, sizeof(ip4), (void *) (address + 4)))
		return PD_UNREAD;
	pd_ip4(out, ip4);
	return PD_OK;
}

/* A Unix socket's path of up to 108 bytes.  A name in the abstract namespace, after a NUL, has no end that the address tells. */
PD_INLINE u8 user_address_path(struct run *r, u64 address, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 path = address + 2;
	char first = 0;
	u64 family;

	if (user_address_family(r, address, &family) != PD_OK)
		return PD_UNREAD;
	if (family != 1)
		return PD_ABSENT;
	if (pd_read_user(&first, 1, (void *) path))
		return PD_UNREAD;
	return first ? pd_string_user(data, 109, length, cut, path) : PD_ABSENT;
}

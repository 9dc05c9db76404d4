/* Socket addresses as system calls hand them in, where the process has them or copied into the kernel: struct sockaddr_in, _in6 and _un by their UAPI layout. */
PD_INLINE u16 pd_address_family(u64 address)
{
	u16 family = 0;

	pd_read_either(&family, sizeof(family), (void *) address);
	return family;
}

PD_INLINE u8 address_family(struct run *r, u64 address, u64 *out)
{
	u16 family = 0;

	if (pd_read_either(&family, sizeof(family), (void *) address))
		return PD_UNREAD;
	*out = family;
	return PD_OK;
}

PD_INLINE u8 address_port(struct run *r, u64 address, u64 *out)
{
	u16 family = pd_address_family(address);
	u16 port = 0;

	if (family != 2 && family != 10)
		return PD_ABSENT;
	if (pd_read_either(&port, sizeof(port), (void *) (address + 2)))
		return PD_UNREAD;
	*out = __builtin_bswap16(port);
	return PD_OK;
}

PD_INLINE u8 address_ip(struct run *r, u64 address, struct pd_address *out)
{
	u16 family = pd_address_family(address);
	u32 ip4 = 0;

	if (family == 10)
		return pd_read_either(out, sizeof(*out), (void *) (address + 8)) ? PD_UNREAD : PD_OK;
	if (family != 2)
		return PD_ABSENT;
	if (pd_read_either(&ip4, sizeof(ip4), (void *) (address + 4)))
		return PD_UNREAD;
	pd_ip4(out, ip4);
	return PD_OK;
}

/* A Unix socket's path of up to 108 bytes.  A name in the abstract namespace, after a NUL, has no end that the address tells. */
PD_INLINE u8 address_path(struct run *r, u64 address, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 path = address + 2;
	char first = 0;

	if (pd_address_family(address) != 1)
		return PD_ABSENT;
	if (pd_read_either(&first, 1, (void *) path))
		return PD_UNREAD;
	return first ? pd_string_either(data, 109, length, cut, path) : PD_ABSENT;
}

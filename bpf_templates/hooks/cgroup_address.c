struct pd_sock_addr { /* struct bpf_sock_addr, include/uapi/linux/bpf.h */
	u32 user_family;
	u32 user_ip4;
	u32 user_ip6[4];
	u32 user_port;
	u32 family;
	u32 type;
	u32 protocol;
};

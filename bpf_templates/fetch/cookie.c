	switch (pd_attach_cookie(r->ctx)) {
/*% for cookie, number in value.cases %*/
	case /*{ cookie }*/:
		/*{ value.to }*/ = /*{ number }*/;
		return PD_OK;
/*% endfor %*/
	}
	return PD_UNREAD;

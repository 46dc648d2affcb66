/** Names are parts of addresses in the log and of DNS names, so little is allowed in them. */
export const API_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

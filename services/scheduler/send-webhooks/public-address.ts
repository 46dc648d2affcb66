import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import ipaddr from 'ipaddr.js';

/** The address is not one of the public internet: it may be a service that trusts who reaches it. */
export class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';
  constructor(
    host: string,
    /** For whoever runs the platform: what a name resolves to inside is nobody else's business. */
    readonly address: string,
  ) {
    super(`${host} is at no address of the public internet`);
  }
}

/** Whether an address can be anybody's on the internet; IPv4 inside IPv6 counts as what it is. */
export const isPublicAddress = (address: string): boolean =>
  ipaddr.isValid(address) &&
  ipaddr.process(address).range() === 'unicast' &&
  !OF_A_CLOUD.has(ipaddr.process(address).toString()) &&
  !isCompatible(ipaddr.parse(address));

/** Looks public and is the cloud's own: where Azure answers its machines. */
const OF_A_CLOUD: ReadonlySet<string> = new Set(['168.63.129.16']);

/** `::a.b.c.d`, an IPv4 address inside IPv6 in a way that was given up. */
const isCompatible = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address instanceof ipaddr.IPv6 && address.parts.slice(0, 6).every((part) => part === 0);

/** The address that a URL names instead of a host; `null` when it names a host. */
export function literalAddress({ hostname }: URL): string | null {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(address) ? address : null;
}

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * Resolves a host and refuses it when any of its addresses is private. What it answers is what is
 * connected to, so a name that resolves to something else a moment later gains nothing.
 */
export function publicLookup(host: string, options: LookupOptions, callback: Callback): void {
  resolve(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const [first] = addresses;
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    if (refused !== undefined) return callback(new PrivateAddress(host, refused.address), []);
    if (first === undefined) return callback(new Error(`${host} has no address`), []);
    if (options.all === true) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
}

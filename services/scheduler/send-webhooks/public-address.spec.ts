import { describe, expect, it } from '@jest/globals';
import { isPublicAddress, literalAddress, PrivateAddress, publicLookup } from './public-address.ts';

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254', // Where clouds answer with credentials.
    '100.64.0.1', // Behind a carrier's NAT.
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::7f00:1', // As URLs have it.
    '::808:808',
    '168.63.129.16', // Where Azure answers its machines.
    '64:ff9b::7f00:1', // Translated to IPv4 on the way.
    '2002:7f00:1::',
    '2001:db8::1',
    'no address',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the address in a URL', () => {
  it.each([
    ['http://127.0.0.1:80/x', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'], // Other ways to write it are read as URLs are.
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://[::1]/', '::1'],
    ['http://example.com/', null],
  ])('of %s is %s', (url, address) => {
    expect(literalAddress(new URL(url))).toBe(address);
  });
});

describe('looking up a host', () => {
  it.each([true, false])('refuses one with a private address (all: %s)', async (all) => {
    const error = await new Promise((resolve) => publicLookup('localhost', { all }, resolve));
    expect(error).toBeInstanceOf(PrivateAddress);
    expect(String(error)).toMatch(/localhost is at no address of the public internet$/);
  });

  it('hands on that there is no such host', async () => {
    const error = await new Promise((resolve) => publicLookup('no-such.invalid', {}, resolve));
    expect(error).toMatchObject({ syscall: 'getaddrinfo' });
  });
});

import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { describe, expect, it } from '@jest/globals';
import { imageSize } from '../../examples/image-sizes/image-size.ts';
import { signed } from '../../examples/image-sizes/s3-get.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the size of an image', () => {
  it.each([
    ['png', 640, 480, '89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08060000'],
    ['gif', 640, 480, '474946383961 8002 e001 f70000'],
    // Two segments before the frame, one of them with a thumbnail's frame in it.
    ['jpeg', 640, 480, 'ffd8 ffe0 0004 0102 ffe1 0006 ffc0 0011 ffc0 0011 08 01e0 0280 03 0122'],
  ])('is read off a %s', (format, width, height, start) => {
    expect(imageSize(bytes(start))).toEqual({ format, width, height });
  });

  it.each(['', '00', '3c737667', 'ffd8 ffe0 0004 0102'])('is not read off %j', (start) => {
    expect(() => imageSize(bytes(start))).toThrow(/no PNG|not among/);
  });
});

describe('the request of the image example', () => {
  it("is signed as AWS's own library signs it", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-west-1',
    };
    const url = new URL('https://s3.eu-west-1.amazonaws.com/bucket/a%20b/%C3%A9%2B%28.png');
    const signingDate = new Date('2026-11-24T03:04:05.678Z');
    const { authorization, ...headers } = signed(url, signingDate, env);

    const client = s3Client(
      { isPathStyle: true, attemptsMax: 1 },
      {
        region: env.AWS_REGION,
        credentials: {
          accessKeyId: env.AWS_ACCESS_KEY_ID,
          secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
          sessionToken: env.AWS_SESSION_TOKEN,
        },
      },
    );
    const signer = await client.config.signer({
      name: 'sigv4',
      signingName: 's3',
      signingRegion: env.AWS_REGION,
      properties: {},
    });
    const request = {
      method: 'GET',
      protocol: 'https:',
      hostname: url.hostname,
      path: url.pathname,
      query: {},
      headers: { host: url.host, 'x-amz-content-sha256': headers['x-amz-content-sha256'] ?? '' },
    };
    const { headers: expected } = await signer.sign(request, {
      signingDate,
      signingRegion: env.AWS_REGION,
      signingService: 's3',
    });
    expect(authorization).toBe(expected['authorization']);
    expect(headers['x-amz-date']).toBe(expected['x-amz-date']);
  });
});

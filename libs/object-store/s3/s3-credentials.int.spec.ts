import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from '@jest/globals';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { InputFileRefused } from '../input-files.port.ts';
import { S3InputFiles } from './s3-input-files.ts';

const { signal } = new AbortController();

it('tells that there are no credentials, also where the metadata of the machine are silent', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { ...outside } = process.env;
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_EC2_METADATA_DISABLED'])
    delete process.env[name];
  const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: address,
  });
  try {
    const config = { isPathStyle: true, attemptsMax: 5 };
    const files = new S3InputFiles(s3Client(config, { endpoint: address }));
    const begun = performance.now();
    const listing = files.list({ bucket: 'b', prefix: '' }, null, signal)[Symbol.asyncIterator]();
    const problem = await listing.next().then(String, (error: unknown) => error);
    expect(problem).toBeInstanceOf(InputFileRefused);
    expect(problem).toMatchObject({
      code: 'aws.credentials_missing',
      message: expect.stringContaining('AWS_PROFILE'),
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
  } finally {
    process.env = outside;
    silent.close();
  }
});

import { S3InputFiles } from '#libs/object-store/s3/s3-input-files.ts';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { FaultProxy } from './fault-proxy.ts';
import { TestGateway } from './gateway.ts';
import { S3TestServer } from './s3-server.ts';

/** A gateway over HTTP whose files are in S3, behind a proxy that can spoil what S3 answers. */
export interface S3Gateway {
  readonly gateway: TestGateway;
  readonly s3: S3TestServer;
  readonly proxy: FaultProxy;
  stop(): Promise<void>;
}

/** With one API, `sum`. */
export async function startS3Gateway(): Promise<S3Gateway> {
  const s3 = await S3TestServer.start();
  const proxy = await FaultProxy.start(s3.url);
  const client = s3Client(
    { isPathStyle: true, attemptsMax: 1 },
    {
      endpoint: proxy.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
  );
  const gateway = await TestGateway.start({ inputFiles: new S3InputFiles(client) });
  await gateway.deploy();
  return {
    gateway,
    s3,
    proxy,
    stop: async () => {
      await gateway.stop();
      client.destroy();
      await proxy.stop();
      await s3.stop();
    },
  };
}

import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { inputFilesContract } from '../input-files.contract.ts';
import { S3InputFiles } from './s3-input-files.ts';

inputFilesContract(async () => {
  const server = await TestAwsServer.start();
  return {
    files: new S3InputFiles(server.s3),
    createBucket: (bucket) => server.createBucket(bucket),
    put: async (bucket, key, bytes, options) => {
      await server.put(`s3://${bucket}/${key}`, bytes, options);
    },
    remove: async (bucket, key) => {
      await server.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    close: () => server.stop(),
  };
});

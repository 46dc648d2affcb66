import { S3TestServer, repeated } from '#test/support/s3-server.ts';
import { BUCKET, keyAt, LIST_BUCKET, OBJECT_KEY, ROW_BYTES, rowAt } from './dataset.ts';

/** Enough different rows that nothing gets faster by their being alike. */
const BLOCK_ROWS = 5000;

const server = await S3TestServer.start();
const sizeBytes = Number(process.env['BENCH_ROWS'] ?? 0) * ROW_BYTES;
const block = Buffer.from(Array.from({ length: BLOCK_ROWS }, (_, row) => rowAt(row)).join(''));
server.putObject(BUCKET, OBJECT_KEY, repeated(block, sizeBytes));
server.putListing(LIST_BUCKET, { count: Number(process.env['BENCH_KEYS'] ?? 0), keyAt });

process.send?.({ url: server.url });
process.on('disconnect', () => process.exit());

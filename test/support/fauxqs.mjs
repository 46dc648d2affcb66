// S3 and SQS on a free port of loopback, in memory; tells its parent the port and ends with it.
import { buildApp } from 'fauxqs';

const app = buildApp({ logger: false });
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.(app.server.address().port);
process.on('disconnect', () => process.exit());

import { join } from 'node:path';
import { runStandalone, untilInterrupted } from './run-standalone.ts';

const HELP = `npm start: runs the whole platform on this machine until Ctrl-C.

It starts nats-server, S3 and SQS unless an AWS is configured, and one process per service, restarts one that dies, and keeps everything in
one folder. With --read-only it starts what answers
about the log and nothing that adds to it. Environment variables:

  PORT               port of the gateway                       8888
  HOST               address the gateway listens on            127.0.0.1
  CORTEX_DATA_DIR    NATS store, logs, unpacked handlers       .cortex
  NATS_PORT          port of the nats-server it starts         4222
  NATS_URL           use this NATS instead of starting one
  NATS_SERVER        binary of nats-server to start            the one npm run setup found
  CORTEX_DURABILITY  fast: acknowledged jobs survive the death of any process;
                     safe: also a power cut, at a sync per write      fast
  CORTEX_AWS         embedded: S3 and SQS of its own; configured: yours; auto: its own
                     when no endpoint and no credentials of AWS are found    auto
  AWS_PORT           port of its own S3 and SQS                4566
  LOG_LEVEL          debug, info, warn, error or silent        info

All variables, with those of the single services, are in .env.example. Several installations run side
by side when PORT, NATS_PORT, AWS_PORT and CORTEX_DATA_DIR differ.
`;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await runStandalone({
    env: process.argv.includes('--read-only') ? { ...process.env, READ_ONLY: 'true' } : process.env,
    root: join(import.meta.dirname, '../../..'),
    servicesDir: join(import.meta.dirname, '..'),
    use: async (_config, interrupt) => {
      await untilInterrupted(interrupt);
      return 0;
    },
  });
}

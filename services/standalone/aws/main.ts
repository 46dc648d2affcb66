import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '#libs/platform/logger.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { loadEmbeddedAwsConfig } from './aws.config.ts';
import { startEmbeddedAws } from './embedded-aws.ts';

/* S3 and SQS for `npm start`: node main.js FOLDER. The folder also tells this process from others. */

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: main.js FOLDER');
const config = loadEmbeddedAwsConfig(process.env);
const logger = createLogger('aws', config.logLevel);

const aws = await startEmbeddedAws({ folder, port: config.port, host: config.host });
writeFileSync(join(folder, 'pid'), String(process.pid));
logger.info({ url: aws.url }, 'ready');
closeOnSignal(() => aws.stop(), logger);

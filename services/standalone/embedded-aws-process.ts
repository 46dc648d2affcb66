import { join } from 'node:path';
import type { ProcessSpec } from './service-process.ts';
import type { StaleProcess } from './stale-process.ts';
import { logFile } from './standalone.config.ts';

const NAME = 'aws';

export const awsFolder = (dataDir: string): string => join(dataDir, NAME);

/** S3 and SQS on this machine; they need no other service, so it is a program of this one. */
export function embeddedAwsSpec({
  dataDir,
  port,
  env,
}: {
  readonly dataDir: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}): ProcessSpec {
  return {
    name: NAME,
    command: process.execPath,
    // SQLite in Node says on every start that it is new.
    args: [
      '--enable-source-maps',
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, NAME, 'main.js'),
      awsFolder(dataDir),
    ],
    env: { ...env, AWS_PORT: String(port) },
    logFile: logFile(dataDir, NAME),
    hasChannel: true,
  };
}

export const staleEmbeddedAws = (dataDir: string): StaleProcess => ({
  name: 'embedded AWS',
  pidFile: join(awsFolder(dataDir), 'pid'),
  mark: `main.js ${awsFolder(dataDir)}`,
});

/** Whether our S3 and SQS answer there, and not somebody else's. */
export async function isEmbeddedAwsReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/_cortex`, { signal: AbortSignal.timeout(1000) }).catch(
    () => null, // Not yet.
  );
  return (await answer?.text())?.includes('cortex-embedded-aws') === true;
}

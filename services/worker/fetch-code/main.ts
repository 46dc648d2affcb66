import { CodeUnusable, isOfSystem, unpackCode } from '#libs/compute/code-archive.ts';
import { CODE_UNUSABLE_EXIT } from '#libs/compute/pod-assignment.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { loadFetchCodeConfig } from './fetch-code.config.ts';

/*
 * Runs before a handler in its pod: fetches the deployed code and unpacks it. Exits with 65 when the
 * code cannot be used by anybody, with 1 when trying again may help.
 */
const config = loadFetchCodeConfig(process.env);
const logger = createLogger('fetch-code', config.LOG_LEVEL);

async function fetchCode(): Promise<void> {
  const connection = await connectNats(config.NATS_URL, { name: 'fetch-code', logger });
  const archive = await (await JetStreamBlobStore.open(connection)).get(config.CODE_KEY);
  if (archive === null) throw new CodeUnusable(`there is no code archive ${config.CODE_KEY}`);
  await unpackCode(archive, config.CODE_FOLDER).catch((error: unknown) => {
    if (isOfSystem(error)) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new CodeUnusable(`cannot unpack code archive ${config.CODE_KEY}: ${problem}`, {
      cause: error,
    });
  });
  await connection.close();
}

await fetchCode().catch((error: unknown) => {
  // The last line of a container that failed becomes the reason why its worker did.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof CodeUnusable ? CODE_UNUSABLE_EXIT : 1);
});

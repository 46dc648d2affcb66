import type { AwsConfig } from './aws-config.ts';

/** Where requests go when nobody says; S3 redirects from there to any bucket's own region. */
const REGION_DEFAULT = 'us-east-1';
/** A server that is there accepts within one round trip; three lost packets take this long. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Of silence. Above the 20 s for which SQS holds back a receive at most. */
const SOCKET_TIMEOUT_MS = 30_000;

/**
 * Repeats with the SDK's standard mode, exponential back-off with full jitter, unless
 * AWS_RETRY_MODE says otherwise. Its adaptive mode holds back every request of a client after one
 * was throttled: a job that reads a busy prefix would slow those that do not.
 */
export const transport = ({ attemptsMax }: AwsConfig) => ({
  maxAttempts: attemptsMax,
  requestHandler: {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    // Not requestTimeout: that also counts the time an upload takes.
    socketTimeout: SOCKET_TIMEOUT_MS,
  },
});

/** Any of the SDK's clients. */
interface Client {
  readonly config: { region(): Promise<string> };
}

/** Asked once. Without a region the SDK fails, also against stores that know none. */
export function regionOf({ config }: Client): () => Promise<string> {
  let region: Promise<string> | null = null;
  return () => (region ??= config.region().catch(() => REGION_DEFAULT));
}

import type { NatsConnection, Status } from '@nats-io/transport-node';

/**
 * Calls `listener` each time the connection is back after it was lost.
 *
 * @returns stops calling
 */
export function onReconnect(connection: NatsConnection, listener: () => void): () => void {
  const statuses = connection.status()[Symbol.asyncIterator]();
  let stopped = false;
  const forward = ({ done, value }: IteratorResult<Status, unknown>): void => {
    if (done === true || stopped) return;
    if (isReconnect(value)) listener();
    void next();
  };
  const next = (): Promise<void> => statuses.next().then(forward, () => {}); // Ends with the connection.
  void next();
  return () => {
    stopped = true;
    void statuses.return?.();
  };
}

const isReconnect = (status: Status): boolean => status.type === 'reconnect';

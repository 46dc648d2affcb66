import type { NatsChoice, StandaloneConfig } from './standalone.config.ts';
import { StartError } from './start-error.ts';
import { isNatsServing, isPortFree } from './tcp.ts';

const LOOPBACK = '127.0.0.1';

/** @throws StartError saying which variable names another port, when one is taken */
export async function checkPorts({ host, port, nats, aws }: StandaloneConfig): Promise<void> {
  if (!(await isPortFree(port, host))) {
    throw new StartError(
      `Port ${port} on ${host} is taken by another program. Choose another one for the gateway, for example: PORT=${port + 1} npm start`,
    );
  }
  if (nats.kind === 'own') await checkNatsPort(nats);
  if (aws.kind === 'configured' || (await isPortFree(aws.port, LOOPBACK))) return;
  throw new StartError(
    `Port ${aws.port} is taken by another program. Choose another one for S3 and SQS of this installation, for example: AWS_PORT=${aws.port + 1} npm start\n` +
      `Or, when that program offers S3 and SQS, use it: AWS_ENDPOINT_URL=${aws.url} npm start`,
  );
}

async function checkNatsPort(nats: Extract<NatsChoice, { kind: 'own' }>): Promise<void> {
  if (await isPortFree(nats.port, LOOPBACK)) return;
  const isNats = await isNatsServing(nats.port, LOOPBACK);
  throw new StartError(
    `Port ${nats.port} is taken by ${isNats ? 'another NATS server' : 'another program'}. Choose another one for the NATS of this installation, for example: NATS_PORT=${nats.port + 1} npm start` +
      (isNats ? `\nOr use that server: NATS_URL=${nats.url} npm start` : ''),
  );
}

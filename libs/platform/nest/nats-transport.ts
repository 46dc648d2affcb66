import { type NatsOptions, Transport } from '@nestjs/microservices';

/**
 * Nest's NATS transport with our connection's manners: waits for a server that is not up yet and
 * reconnects for ever. Instances of one service share the questions: each is answered once.
 *
 * @param service name of the answering service; clients leave it out
 */
export const natsTransport = (natsUrl: string, service?: string): NatsOptions => ({
  transport: Transport.NATS,
  options: {
    servers: natsUrl.split(',').map((server) => server.trim()),
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: 250,
    ...(service !== undefined && { queue: service, name: `${service} (answers)` }),
  },
});

import { ClientProxyFactory, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, timeout } from 'rxjs';
import { natsTransport } from './nats-transport.ts';

/** Asks other services questions, one answer each. */
export interface RequestClient {
  /**
   * @throws Error when nobody answers within `timeoutMs`, nobody listens, or answering failed
   */
  ask<Answer>(pattern: string, question: object, timeoutMs: number): Promise<Answer>;
  close(): Promise<void>;
}

/** Nest's request/response over NATS. Connects with the first question and stays connected. */
export class NatsRequestClient implements RequestClient {
  private readonly proxy: ClientProxy;

  constructor(natsUrl: string) {
    this.proxy = ClientProxyFactory.create(natsTransport(natsUrl));
  }

  ask<Answer>(pattern: string, question: object, timeoutMs: number): Promise<Answer> {
    return firstValueFrom(
      this.proxy.send<Answer, object>(pattern, question).pipe(timeout(timeoutMs)),
    );
  }

  async close(): Promise<void> {
    await this.proxy.close();
  }
}

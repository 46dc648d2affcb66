import { type DynamicModule, Module } from '@nestjs/common';
import { RelayLog } from './relay-log/relay-log.ts';
import { RelayController } from './relay.controller.ts';

/**
 * Copies a log that is not kept in NATS to the subjects where integrations expect it.
 *
 * In: every event of the log. Out: the same CloudEvents, in the log's order. One instance relays,
 * others stand by.
 */
@Module({})
export class RelayModule {
  static with(relay: RelayLog): DynamicModule {
    return {
      module: RelayModule,
      controllers: [RelayController],
      providers: [{ provide: RelayLog, useValue: relay }],
    };
  }
}

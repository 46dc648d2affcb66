import type { EventFilter, GatewayClient } from '#libs/client/gateway-client.ts';
import { elementsOf, memberOf } from './json-text.ts';

/** The events of a job, oldest first, each as JSON text. A page of them is held at a time. */
export async function* recordedEvents(
  client: GatewayClient,
  jobId: string,
  filter: EventFilter,
): AsyncGenerator<string> {
  for (let after = filter.after; ;) {
    const page = await client.listEvents(jobId, {
      ...filter,
      ...(after !== undefined && { after }),
    });
    yield* elementsOf(memberOf(page.json, 'events'));
    if (page.value.next_after === null) return;
    after = page.value.next_after;
  }
}

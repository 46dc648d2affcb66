import { Controller, Get, Inject, type OnModuleDestroy, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { readPlace } from '../moment.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { EventStreamSender } from './event-stream-sender.ts';
import { readEvents } from './read-events.ts';
import { readEventsQuery } from './read-events-query.ts';

/** `GET /v1/jobs/<id>/events`: what the log holds of a job, page by page or as it comes. */
@Controller('v1/jobs/:jobId/events')
export class ReadEventsController implements OnModuleDestroy {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(EventStreamSender) private readonly sender: EventStreamSender,
  ) {}

  @Get()
  async read(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const params = targetOf(request).query;
    const query = readEventsQuery(params);
    const found = await this.queries.getJob({ jobId: jobId(id) });
    if (found === null) throw jobNotFound(id, null);
    const job = { apiName: found.apiName, jobId: jobId(id) };
    const after = await this.startOf(request, params);
    if (request.headers.accept?.includes('text/event-stream') === true) {
      return this.sender.send(reply, { job, after, types: query.types });
    }
    const { events, nextAfter } = await readEvents(this.store, job, { ...query, after });
    const next = nextAfter === null ? 'null' : `"${nextAfter}"`;
    sendJson(reply, `{"events":[${events.join()}],"next_after":${next}}`);
  }

  onModuleDestroy(): void {
    this.sender.close();
  }

  /** A client that resumes knows better where than the URL that it was first given. */
  private async startOf({ headers }: HttpRequest, params: URLSearchParams): Promise<Position> {
    const resumed = headers['last-event-id'];
    const [name, text] =
      typeof resumed === 'string' && resumed !== ''
        ? ['Last-Event-ID', resumed]
        : ['after', params.get('after') || '0'];
    const place = readPlace(name, text);
    if (typeof place === 'number') return place;
    return (await this.store.momentAt(place))?.position ?? 0;
  }
}

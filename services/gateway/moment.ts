import { z } from 'zod';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { AsOf } from '#libs/messaging/queries.ts';
import { badRequest, type RequestRefused } from './request-refused.ts';

const time = z.iso.datetime({ offset: true });

/** What a query parameter that names a moment of the log says: a position, or a time. */
export function readPlace(name: string, text: string): number | Date {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (time.safeParse(text).success) return new Date(text);
  throw badRequest(
    'field.invalid',
    `query param ${name}: must be a time (RFC 3339, with + written as %2B) or a position of the log ` +
      `(got ${JSON.stringify(text.slice(0, 100))})`,
  );
}

/**
 * The moment that `?at=` names; `null` when it is not given, which means now.
 *
 * @throws RequestRefused 400 when it is neither a time nor a position, or has not come yet
 */
export async function readAt(
  store: Pick<EventStore, 'momentAt' | 'lastPosition'>,
  params: URLSearchParams,
  now: Date,
): Promise<AsOf | null> {
  const text = params.get('at') || null;
  if (text === null) return null;
  const place = readPlace('at', text);
  if (typeof place === 'number') {
    const last = await store.lastPosition();
    if (place > last) throw notYet(`position ${place} is behind the end of the log, ${last}`);
  } else if (place > now) throw notYet(`${text} has not come yet`);
  const moment = await store.momentAt(place);
  const position = moment?.position ?? 0;
  if (typeof place !== 'number') return { position, nowMs: place.getTime() };
  return { position, nowMs: moment === null ? 0 : Date.parse(moment.storedAt) };
}

const notYet = (what: string): RequestRefused =>
  badRequest('at.not_yet', `query param at: ${what}`);
